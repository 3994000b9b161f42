"""Errors as the Graph API answers them: their HTTP status and their exact body."""

import secrets
from dataclasses import dataclass
from typing import Any

from integrations.emulator.things import App, Fault


@dataclass(frozen=True)
class Known:
    """An error of Meta's tables. `title` stands in its message; `http` is the status of the answer (recalled)."""

    code: int
    title: str
    details: str
    http: int = 400
    subcode: int = 0


def _by_key(*errors: Known) -> dict[str, Known]:
    return {f"{error.code}/{error.subcode}" if error.subcode else str(error.code): error for error in errors}


# Codes and meanings: the tables of messaging.md. Wording of titles and details, and HTTP statuses, are recalled.
WHATSAPP = _by_key(
    Known(0, "AuthException", "We were unable to authenticate the app user.", 401),
    Known(1, "API Unknown", "Invalid request or possible server error."),
    Known(2, "API Service", "Temporary due to downtime or due to being overloaded.", 503),
    Known(3, "API Method", "Capability or permissions issue.", 500),
    Known(4, "API Too Many Calls", "The app has reached its API call rate limit.", 429),
    Known(10, "Permission Denied", "Permission is either not granted or has been removed.", 403),
    Known(100, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."),
    Known(190, "Access token has expired", "Your access token has expired.", 401),
    Known(200, "API Permission", "Permission is either not granted or has been removed.", 403),
    Known(368, "Temporarily blocked for policies violations", "The account has been restricted.", 403),
    Known(80007, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit.", 429),
    Known(130429, "Rate limit hit", "Cloud API message throughput has been reached.", 429),
    Known(130472, "User's number is part of an experiment", "Message was not sent as part of an experiment."),
    Known(130497, "Business account is restricted from messaging users in this country.", "", 403),
    Known(131000, "Something went wrong", "Message failed to send due to an unknown error.", 500),
    Known(131005, "Access denied", "Permission is either not granted or has been removed.", 403),
    Known(131008, "Required parameter is missing", "The request is missing a required parameter."),
    Known(131009, "Parameter value is not valid", "One or more parameter values are invalid."),
    Known(131016, "Service unavailable", "A service is temporarily unavailable.", 503),
    Known(131020, "Invalid group", "Messages cannot be sent to groups that have only one member."),
    Known(131021, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    Known(131026, "Message undeliverable", "Unable to deliver message."),
    Known(
        131030,
        "Recipient phone number not in allowed list",
        "Add recipient phone number to recipient list and try again.",
    ),
    Known(131031, "Account has been locked", "The account was locked for a violation of policy.", 403),
    Known(131042, "Business eligibility payment issue", "There was an error related to your payment method."),
    Known(131045, "Incorrect certificate", "Message failed to send due to a phone number registration error.", 500),
    Known(
        131047,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    Known(131048, "Spam rate limit hit", "Too many messages of this number were blocked or flagged as spam.", 429),
    Known(131049, "Meta chose not to deliver.", "This message was not delivered to maintain healthy ecosystem."),
    Known(131050, "User opted out", "The recipient has chosen to stop receiving marketing messages."),
    Known(131051, "Unsupported message type", "Unsupported message type."),
    Known(131052, "Media download error", "Unable to download the media sent by the user."),
    Known(131053, "Media upload error", "Unable to upload the media used in the message."),
    Known(
        131056,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number "
        "to the same phone number in a short period of time.",
        429,
    ),
    Known(131057, "Account in maintenance mode", "Business Account is in maintenance mode.", 500),
    Known(131062, "Business-scoped user ID is not supported", "This kind of message needs a phone number."),
    Known(131041, "Group unknown", "The group does not exist, or the number is not a member."),
    Known(131059, "Invalid cursor", "The cursor has expired or is corrupted. Start the pagination again."),
    Known(131201, "Partial success", "Not all operations on participants of the request were successful.", 206),
    Known(131202, "Duplicate participant", "There are duplicates in the input array of participants."),
    Known(131204, "Too many participants", "The number of participants exceeds the limit of the group."),
    Known(131207, "Group suspended", "The group violates the policies of the platform.", 403),
    Known(131208, "Group rate limit hit", "This phone number did too many group operations in a short time.", 429),
    Known(131209, "Invalid aspect ratio of the group picture", "Width and height of the image must be equal."),
    Known(131210, "Image too small to process", "Width and height of the image must be at least 192 pixels."),
    Known(131211, "Group limit reached", "The most groups that this phone number can have are there already."),
    Known(131212, "Participant not in the group", "The participant is not a member of the group."),
    Known(131213, "Join request does not exist", "The request to join the group does not exist."),
    Known(131214, "Group creation temporarily disabled", "Too many marketing messages were sent inside windows."),
    Known(131215, "Group API not eligible", "This phone number is not eligible for the Groups API."),
    Known(132000, "Number of parameters does not match the expected number of params", ""),
    Known(132001, "Template name does not exist in the translation", ""),
    Known(133004, "Server Temporarily Unavailable", "Server is temporarily unavailable.", 503),
)

# Messenger's, and Instagram's where it has the same; wording partly recalled.
MESSENGER = _by_key(
    Known(1, "An unknown error has occurred.", "", 500),
    Known(2, "Service temporarily unavailable", "", 503),
    Known(4, "Application request limit reached", "", 403),
    Known(10, "This message is sent outside of allowed window.", "", 403, 2018278),
    Known(10, "Application does not have permission for this action", "", 403),
    Known(99, "Unknown error", "", 500),
    Known(100, "Invalid parameter", ""),
    Known(100, "No matching user found", "", 400, 2018001),
    Known(100, "Failed to fetch the file from the url", "", 400, 2018008),
    Known(100, "Upload attachment failure.", "", 400, 2018047),
    Known(100, "Invalid attachment id", "", 400, 2018074),
    Known(100, "The attachment size exceeds the allowable limit", "", 400, 2018109),
    Known(190, "Error validating access token: Session has expired.", "", 401),
    Known(200, "Permissions error", "", 403),
    Known(230, "Requires pages_messaging permission to manage the object", "", 403),
    Known(368, "The action attempted has been deemed abusive or is otherwise disallowed", "", 403),
    Known(551, "This person isn't available right now.", "", 400, 1545041),
    Known(613, "Calls to this api have exceeded the rate limit.", "", 400),
    Known(1200, "Temporary send message failure. Please try again later.", "", 500),
    Known(10900, "Activity already replied to", "", 400),
)


class GraphError(Exception):
    """A request is refused; `http` and `body` are the answer, and `code` and `subcode` stand in it too."""

    def __init__(self, known: Known, details: str = "", product: str = "", message: str = "") -> None:
        super().__init__(known.code, details)
        self.known = known
        self.code = known.code
        self.subcode = known.subcode
        # An error of the Graph API itself, with words of its own, has no details.
        self.details = details or ("" if message else known.details)
        self._product = product
        self._message = message

    @property
    def http(self) -> int:
        return self.known.http

    @property
    def fault(self) -> Fault:
        """The same for a message that was taken and fails later."""
        return Fault(self.code, self.known.title, self.details, self.subcode)

    def body(self) -> dict[str, Any]:
        """As JSON."""
        words = self._message or self.known.title
        error: dict[str, Any] = {
            # A bad token has no number in front.
            "message": words if self.code == 190 else f"(#{self.code}) {words}",
            "type": "OAuthException",
            "code": self.code,
        }
        if self._product and self.details:
            error["error_data"] = {"messaging_product": self._product, "details": self.details}
        if self.subcode:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = f"Aemulated{secrets.token_hex(6)}"
        return {"error": error}


def whatsapp(code: int, details: str = "", message: str = "") -> GraphError:
    """An error of the Cloud API; `details` say what is wrong."""
    return GraphError(WHATSAPP[str(code)], details, "whatsapp", message)


def messenger(code: int, subcode: int = 0, message: str = "") -> GraphError:
    """An error of the Messenger Platform; `message` replaces the words of the table."""
    return GraphError(MESSENGER[f"{code}/{subcode}" if subcode else str(code)], message=message)


def named(app: App, key: str) -> GraphError | None:
    """The error that the switch `failure` names for this app, such as "131056" or "10/2018278"; None if it has none."""
    known = (WHATSAPP if app == "whatsapp" else MESSENGER).get(key)
    return GraphError(known, product="whatsapp" if app == "whatsapp" else "") if known else None


class NoObject(GraphError):
    """Whoever asks may not see the object, or there is none: the answer is the same."""

    def __init__(self, object_id: str, method: str) -> None:
        super().__init__(Known(100, "", "", 400, 33))
        self._id = object_id
        self._method = method.lower()

    def body(self) -> dict[str, Any]:
        body = super().body()
        body["error"] |= {
            "message": f"Unsupported {self._method} request. Object with ID '{self._id}' does not exist, cannot be "
            "loaded due to missing permissions, or does not support this operation",
            "type": "GraphMethodException",
        }
        return body


CATALOGUE = {"whatsapp": WHATSAPP, "messenger": MESSENGER, "instagram": MESSENGER}
