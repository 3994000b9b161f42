"""Members of conversations. A conversation without members is deleted, and its links end with each that goes."""

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.signals import post_delete
from django.dispatch import receiver

from assistant import search
from assistant.models import Conversation, ConversationShare, Member, Person


def listed(person: Person) -> QuerySet[Conversation]:
    """The conversations of `person` that are listed, searched and exported: no temporary ones, and no rooms."""
    return person.conversations.filter(temporary=False, room=None)


def alone(person: Person) -> QuerySet[Conversation]:
    """The conversations of `person` without other members: they are deleted with the person."""
    others = Member.objects.filter(conversation=OuterRef("pk")).exclude(person=person)
    return person.conversations.filter(~Exists(others))


def move(person: Person, into: Person) -> None:
    """Give the memberships of `person` to `into`; one that both have stays with `person`."""
    there = into.memberships.values("conversation")
    moved = person.memberships.exclude(conversation__in=there)
    # Indexed for the other person, with the next search of theirs at the latest.
    search.forget(moved)
    moved.update(person=into)


@receiver(post_delete, sender=Member)
def delete_abandoned(instance: Member, **_: object) -> None:
    """Delete a conversation with its last member: without one it could not be reached any more."""
    left = Member.objects.filter(conversation=instance.conversation_id)
    if not left.exists():
        Conversation.objects.filter(id=instance.conversation_id).delete()


@receiver(post_delete, sender=Member)
def end_links(instance: Member, **_: object) -> None:
    """Revoke the links to a conversation when a member goes: their words stand in the copies."""
    ConversationShare.objects.filter(conversation=instance.conversation_id).delete()
