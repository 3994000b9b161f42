"""The parts of one JSON object of a stream, or of a whole answer sent in place of one, as typed values."""

from typing import Any, Literal

from assistant.llama.reasoning import content_of, field_of

Ending = Literal["stop", "length", "refused", "failed", "cut", "busy"]

# In lower case. Others, such as `tool_calls`, end an answer in order.
# - OpenAI: https://platform.openai.com/docs/api-reference/chat/object; `max_tokens`: Cohere, Bedrock and Gemini
# - `model_length`: Mistral; `error`: OpenRouter and Mistral; `abort`: vLLM and SGLang, when a request is dropped
# - `safety` and the like: Gemini; `refusal`: Anthropic; `insufficient_system_resource`: DeepSeek
ENDINGS: dict[str, Ending] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "max_output_tokens": "length",
    "content_filter": "refused",
    "content_filtered": "refused",
    "content-filter": "refused",
    "refusal": "refused",
    "safety": "refused",
    "recitation": "refused",
    "prohibited_content": "refused",
    "blocklist": "refused",
    "spii": "refused",
    "error": "failed",
    "error_finish": "failed",
    "server_error": "failed",
    "failed": "failed",
    "abort": "cut",
    "aborted": "cut",
    "cancel": "cut",
    "cancelled": "cut",
    "canceled": "cut",
    "timeout": "cut",
    "insufficient_system_resource": "busy",
}
# Sent before the end by servers that know no null.
NOT_YET = ("", "null", "none")


def choice_of(value: dict[str, Any]) -> dict[str, Any] | None:
    """The choice in an object, or None: usage and progress come without."""
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else None


def delta_of(choice: dict[str, Any]) -> dict[str, Any]:
    """What a choice adds to the answer; a whole answer has a `message`, a completion a `text`."""
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, dict):
        return delta
    text = delta or choice.get("text")
    return {"content": text} if isinstance(text, str) else {}


def words_of(delta: dict[str, Any]) -> tuple[str, str]:
    """Reasoning and text of a delta."""
    content = delta.get("content")
    if isinstance(content, str) and content and len(delta) == 1:
        return "", content
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        reasoning, content = content_of(content)
        return reasoning or field_of(delta), content
    return field_of(delta), content if isinstance(content, str) else ""


def tool_calls_of(delta: dict[str, Any]) -> list[dict[str, Any]]:
    """The pieces of tool calls in a delta, as they came; OpenAI's older `function_call` in the form of a piece."""
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        return [call for call in calls if isinstance(call, dict)]
    function = delta.get("function_call")
    return [{"index": 0, "type": "function", "function": function}] if isinstance(function, dict) else []


def reason_of(choice: dict[str, Any]) -> str:
    """The finish reason as the server wrote it, or nothing. In SGLang's own form it is an object with a type."""
    reason = choice.get("finish_reason")
    if isinstance(reason, dict):
        reason = reason.get("type")
    return reason if isinstance(reason, str) and reason.lower() not in NOT_YET else ""


def usage_of(value: dict[str, Any]) -> dict[str, Any] | None:
    """The usage counts, or None; Groq puts them under `x_groq`."""
    usage = value.get("usage")
    if not usage and isinstance(groq := value.get("x_groq"), dict):
        usage = groq.get("usage")
    return usage if isinstance(usage, dict) else None


class CharacterJoiner:
    """Removes from text in pieces what no database or socket accepts: NUL, and halves of surrogate pairs.

    Two halves that a server cut into two pieces become their character again.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """The characters that `text` completes."""
        if "\0" in text:
            text = text.replace("\0", "")
        if text.isascii() and (not self._half or not text):
            return text
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            return joined.encode(errors="replace").decode()
        return text

    def flush(self) -> str:
        """What stands for a half that no other followed."""
        half, self._half = self._half, ""
        return "?" if half else ""
