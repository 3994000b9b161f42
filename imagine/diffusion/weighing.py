"""Weighed and long prompts for checkpoints whose words are read by CLIP alone. Imported by pipeline.py only."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from compel.embeddings_provider import EmbeddingsProvider, ReturnedEmbeddingsType, SplitLongTextMode

from imagine.diffusion.loading import Pipelines, accepted
from imagine.diffusion.reading import Pipeline
from imagine.weights import LEAST, MOST, Weighed, pieces

logger = logging.getLogger(__name__)

# The text encoders of Stable Diffusion 1 and 2, and of SDXL, which takes the last layer but one of both.
SD, SDXL = ["CLIPTextModel"], ["CLIPTextModel", "CLIPTextModelWithProjection"]
# A window is what CLIP reads at once: 75 tokens and the two around them. Each more makes every step slower.
MOST_WINDOWS = 3


class Weigher:
    """Reads prompts with the text encoders of one pipeline. Not safe for threads, as these."""

    def __init__(self, pipe: Pipeline, pooled: bool) -> None:
        kinds = ReturnedEmbeddingsType
        kind = kinds.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED if pooled else kinds.LAST_HIDDEN_STATES_NORMALIZED
        self._pooled = pooled
        # Of compel only this class: its language (`++`, `.and()`) has no way in.
        self._readers = [
            EmbeddingsProvider(
                getattr(pipe, f"tokenizer{end}"),
                getattr(pipe, f"text_encoder{end}"),
                truncate=False,
                returned_embeddings_type=kind,
                split_long_text_mode=SplitLongTextMode.WORDS,
            )
            for end in ("", "_2")[: 1 + pooled]
        ]

    def windows(self, prompt: str) -> int:
        """How many windows the words of `prompt` take."""
        counts = (len(tokens_of(reader, prompt, "cpu")[0]) // reader.max_token_count for reader in self._readers)
        return int(max(counts))

    def wanted(self, prompt: str, negative: str) -> int:
        """How many windows both take together; 0 where the pipeline reads them as well by itself."""
        windows = max(self.windows(prompt), self.windows(negative))
        is_weighed = any(isinstance(text, Weighed) and text.weights for text in (prompt, negative))
        return windows if is_weighed or windows > 1 else 0

    def arguments(self, prompts: Sequence[str], negatives: Sequence[str], windows: int) -> dict[str, Any]:
        """The arguments that stand for prompts and negative prompts (none where there is no guidance).

        All are filled up to so many windows with those of no words. Raises OUT_OF_MEMORY.
        """
        named: dict[str, Any] = {"prompt": None, "negative_prompt": None}
        with torch.no_grad():
            for kind, texts in (("", prompts), ("negative_", negatives)):
                if texts:
                    named[f"{kind}prompt_embeds"] = torch.cat([self._read(text, windows) for text in texts])
                if texts and self._pooled:
                    named[f"{kind}pooled_prompt_embeds"] = torch.cat([self._summary(text) for text in texts])
        return named

    def _read(self, prompt: str, windows: int) -> torch.Tensor:
        """One prompt as a tensor of 1 x 77 times `windows` x the width of all text encoders."""
        parts = []
        for reader in self._readers:
            device = reader.text_encoder.device
            words = reader.build_weighted_embedding_tensor(*tokens_of(reader, prompt, device), device=device)
            more = windows - words.shape[1] // reader.max_token_count
            parts.append(torch.cat([words, *[reader.empty_z] * more], dim=1).to(reader.text_encoder.dtype))
        return torch.cat(parts, dim=-1)

    def _summary(self, prompt: str) -> torch.Tensor:
        """What SDXL takes beside the words: its second encoder's sum of the first window, which knows no weights."""
        reader = self._readers[-1]
        return reader.get_pooled_embeddings([prompt], device=reader.text_encoder.device)


def tokens_of(reader: EmbeddingsProvider, prompt: str, device: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The tokens of a prompt, their weights and their mask, in whole windows; no word is cut in two by a window."""
    found = pieces(prompt)
    texts, weights = [piece.text for piece in found], [piece.weight for piece in found]
    tokens, numbers, mask = reader.get_token_ids_and_expand_weights(texts, weights, device=device)
    return tokens, numbers, mask


def weigher_for(name: str, pipes: Pipelines) -> Weigher | None:
    """A weigher for these pipelines; None for other families, and where compel does not work with them."""
    main = pipes.draw
    parts = main.components if main else {}
    encoders = [
        type(part).__name__
        for key, part in sorted(parts.items())
        if key.startswith("text_encoder") and part is not None
    ]
    if encoders not in (SD, SDXL) or parts.get("unet") is None:
        return None
    needed = {"prompt_embeds"} | ({"pooled_prompt_embeds"} if encoders == SDXL else set())
    if not all(needed <= accepted(pipe).keys() for pipe in (pipes.draw, pipes.redraw, pipes.fill) if pipe):
        return None
    try:
        weigher = Weigher(main, pooled=encoders == SDXL)
        tried = Weighed("a b", [LEAST, LEAST, MOST])
        weigher.arguments([tried], [tried], weigher.wanted(tried, tried))
    except Exception:
        # The libraries raise anything; without weights it draws as well.
        logger.exception("%s heeds no weights, and reads one window", name)
        return None
    return weigher
