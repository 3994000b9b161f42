"""Contacts of apps, and what they are sent, for the tests of links."""

import re
from uuid import uuid4

from assistant import conversations, people
from assistant.models import Message, Person
from integrations import links
from integrations.models import Contact, LinkCode
from integrations.outbound import OutboundMessage


def make_contact(name: str = "Ana", channel: str = "whatsapp", said: str = "") -> Contact:
    """Somebody who writes to us in an app, a guest; with a conversation in which they said something."""
    guest, number = people.make_guest(), str(uuid4().int)
    contact = Contact.objects.create(
        channel=channel, account="1001", user_id=f"user-{number}", phone=f"4915{number[:9]}", name=name, person=guest
    )
    if said:
        contact.conversation = conversations.begin(guest, said)
        contact.save()
        user, assistant = Message.Role.USER, Message.Role.ASSISTANT
        contact.conversation.messages.create(position=1, role=user, author=guest, text=said)
        contact.conversation.messages.create(position=2, role=assistant, text=f"You said {said}")
    return contact


def token_in(message: OutboundMessage) -> str:
    """What ends the address that /link gave."""
    found = re.search(r"/you/apps/link/(\S+)", message.text)
    assert found, message.text
    return found[1]


def sent_to(contact: Contact) -> list[OutboundMessage]:
    """What waits to be sent to the contact, oldest first."""
    return [OutboundMessage.from_json(entry.content) for entry in contact.outbox.order_by("created_at", "place")]


def tap(contact: Contact, message: OutboundMessage, title: str = "Connect") -> OutboundMessage:
    """The answer to a tap on a choice of a message."""
    choice = next(one for one in message.choices if one.title == title)
    return links.confirm(contact, choice.payload)


def code_for(person: Person) -> tuple[LinkCode, str]:
    """A new code of the person, and how it is shown."""
    link = links.make(person)
    return link, links.code_of(link)


def join(contact: Contact, person: Person) -> None:
    """Make the two one, as people do from the app."""
    links.accept(person, token_in(links.handle(contact, "")))
    tap(contact, sent_to(contact)[-1])
    contact.refresh_from_db()
    assert contact.person == person
