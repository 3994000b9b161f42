"""The courier: a process that reads deliveries, answers contacts, and sends. Several may run; each is asynchronous.

All its work stands in the database, so that another courier goes on where one was killed: deliveries that nobody has
read, contacts with something to answer or to send. A contact is served by one courier at a time, which holds it by a
lease; so what they say is answered in order.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import reduce
from operator import or_

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError

from assistant.answering import Answering
from assistant.background import end
from assistant.database import in_thread
from assistant.runtime import Runtime
from integrations import inbox, intake, outbox, sending, wake
from integrations.base import Channel
from integrations.comments import Comments
from integrations.dialogue import Dialogue
from integrations.groups import official, orders
from integrations.groups.dialogue import GroupDialogue
from integrations.models import Contact, InboxEntry
from integrations.registry import channels

logger = logging.getLogger(__name__)

# So often leases are prolonged, well before they end.
BEAT_SECONDS = 5
# Where Redis is away nobody wakes us.
LOOK_SECONDS = 2
CONTACTS_AT_ONCE = 64
AWAY_SECONDS = 5
LARGE_AT_ONCE = 4
DRAIN_SECONDS = 20
LOOP_SECONDS = 5


class Courier:
    """Use it as `async with Courier(runtime) as courier`; it works until the block ends."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.answering = Answering(runtime)
        self._name = secrets.token_hex(8)
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._reading: set[asyncio.Task[None]] = set()
        # One for each loop, so that none takes the other's.
        self._deliveries, self._contacts, self._groups = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._ending = False

    async def __aenter__(self) -> "Courier":
        await self._runtime.doorbell.subscribe(wake.CHANNEL, self._wake)
        self._loops = [
            asyncio.create_task(self._for_ever(self._read_deliveries, self._deliveries)),
            asyncio.create_task(self._for_ever(self._serve_contacts, self._contacts)),
            asyncio.create_task(self._for_ever(self._change_groups, self._groups)),
            asyncio.create_task(self._for_ever(self._keep_leases, asyncio.Event())),
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._ending = True
        self._wake(None)
        *working, leases = self._loops
        # They end by themselves: what was claimed and is let go would have to wait.
        await asyncio.wait(working, timeout=LOOP_SECONDS)
        for loop in working:
            await end(loop)
        for reading in list(self._reading):
            await end(reading)
        await self._runtime.doorbell.unsubscribe(wake.CHANNEL, self._wake)
        await self.answering.drain(DRAIN_SECONDS)
        if self._serving:
            await asyncio.wait(self._serving.values(), timeout=DRAIN_SECONDS)
        for task in list(self._serving.values()):
            await end(task)
        await end(leases)
        try:
            await in_thread(self._release_all)()
        except DatabaseError as error:
            logger.error("the leases of this courier end by themselves: %s", error)

    def _wake(self, _data: bytes | None) -> None:
        self._deliveries.set()
        self._contacts.set()
        self._groups.set()

    async def _for_ever(self, work: Callable[[], Awaitable[bool]], woken: asyncio.Event) -> None:
        """Repeat `work`, at once while it finds something to do, else when it is woken, or after a while."""
        while not self._ending or work == self._keep_leases:
            try:
                busy = await work()
            except DatabaseError as error:
                logger.error("the database is away: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            except Exception:
                # The edge of this task: it must go on for as long as the process does.
                logger.exception("the courier failed once")
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if busy:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await woken.wait()
            woken.clear()

    # Deliveries

    async def _read_deliveries(self) -> bool:
        if len(self._reading) >= LARGE_AT_ONCE:
            await asyncio.wait(self._reading, return_when=asyncio.FIRST_COMPLETED)
        ids = await in_thread(intake.take)()
        if ids:
            for reading in await in_thread(intake.read_all)(ids):
                task = asyncio.create_task(self._read_on(reading))
                self._reading.add(task)
                task.add_done_callback(self._reading.discard)
            self._contacts.set()
        return bool(ids)

    async def _read_on(self, reading: intake.Reading) -> None:
        """Read what is left of a large delivery beside the others, which do not wait for it."""
        with _noted(reading.delivery):
            try:
                while await in_thread(reading.step)():
                    self._contacts.set()
            except DatabaseError:
                await in_thread(intake.give_back)([reading.delivery])
                raise
        self._contacts.set()

    # Contacts

    async def _serve_contacts(self) -> bool:
        places = CONTACTS_AT_ONCE - len(self._serving)
        if places <= 0:
            return False
        taken = await in_thread(self._take)(places)
        for contact in taken:
            self._serving[contact] = asyncio.create_task(self._serve(contact))
        return bool(taken)

    def _take(self, most: int) -> list[int]:
        """Take the leases of contacts who wait; what another courier takes at the same moment is not ours."""
        now = timezone.now()
        waiting = outbox.longest_waiting(outbox.with_work(now).filter(_ours()))
        found = list(waiting.values_list("pk", flat=True)[: 2 * most])
        mine: list[int] = []
        for contact in found:
            if len(mine) >= most:
                break
            free = outbox.with_work(now).filter(pk=contact)
            if contact not in self._serving and free.update(taken_until=now + outbox.LEASE, taken_by=self._name):
                mine.append(contact)
        return mine

    async def _serve(self, contact_id: int) -> None:
        """Answer and send until nothing is left for now."""
        try:
            await in_thread(self._begin)(contact_id)
            while not self._ending:
                contact = await in_thread(self._held)(contact_id)
                channel = channels().get(contact.channel) if contact else None
                if contact is None or channel is None:
                    return
                if not await self._step(channel, contact) and await in_thread(self._release)(contact_id):
                    return
        except DatabaseError as error:
            logger.error("contact %s has to wait: %s", contact_id, error)
        except Exception:
            # The edge of this task: the lease ends by itself, and the contact is taken up again.
            logger.exception("contact %s could not be served", contact_id)
        finally:
            del self._serving[contact_id]
            self._contacts.set()

    def _held(self, contact_id: int) -> Contact | None:
        """A contact whose lease is still ours: another courier takes over where this process stood still."""
        contact = find(contact_id)
        return contact if contact and contact.taken_by == self._name else None

    def _begin(self, contact_id: int) -> None:
        if contact := find(contact_id):
            outbox.abandoned(contact)

    async def _step(self, channel: Channel, contact: Contact) -> bool:
        """Send the next message, or else answer the next entries. False where nothing is left for now."""
        if await sending.send_next(self._runtime, channel, contact):
            return True
        entries = await in_thread(inbox.take_group)(contact)
        if not entries:
            return False
        under_posts = entries[0].kind == InboxEntry.Kind.COMMENT
        answers = Comments if under_posts else GroupDialogue if contact.is_group else Dialogue
        await answers(self.answering, channel, contact).answer(entries)
        return True

    async def _change_groups(self) -> bool:
        """Have WhatsApp do the next thing with a group. One after another: they are few."""
        busy = False
        for channel in channels().values():
            if channel.has_groups:
                await official.refresh(channel)
                busy |= await orders.carry_out(channel)
        return busy

    def _release(self, contact_id: int) -> bool:
        """Give the lease back, unless something has come meanwhile."""
        now = timezone.now()
        with transaction.atomic():
            rows = Contact.objects.select_for_update(no_key=True).filter(pk=contact_id, taken_by=self._name)
            if rows.first() is None:
                return True
            Contact.objects.filter(pk=contact_id).update(taken_until=None, taken_by="")
            if not outbox.with_work(now).filter(pk=contact_id).exists():
                return True
            Contact.objects.filter(pk=contact_id).update(taken_until=now + outbox.LEASE, taken_by=self._name)
        return False

    def _release_all(self) -> None:
        """Let the next courier begin at once."""
        Contact.objects.filter(taken_by=self._name).update(taken_until=None, taken_by="")

    async def _keep_leases(self) -> bool:
        if self._serving:
            await in_thread(self._prolong)(list(self._serving))
        with suppress(RedisError, OSError, TimeoutError):
            await self._runtime.redis.set(wake.COURIER, 1, ex=wake.COURIER_SECONDS)
        await asyncio.sleep(BEAT_SECONDS)
        return True

    def _prolong(self, contacts: list[int]) -> None:
        mine = Contact.objects.filter(pk__in=contacts, taken_by=self._name)
        mine.update(taken_until=timezone.now() + outbox.LEASE)


def _ours() -> Q:
    """Contacts of an account that is set up. Those of one that was before are not answered by another."""
    accounts = (Q(channel=channel.name, account=channel.account) for channel in channels().values())
    return reduce(or_, accounts, Q(pk=None))


@contextmanager
def _noted(delivery: int) -> Iterator[None]:
    """Log what keeps a delivery from being read: it is taken again after a while, and the others are not held up."""
    try:
        yield
    except DatabaseError as error:
        logger.error("delivery %s has to wait: %s", delivery, error)
    except Exception:
        # The edge of one delivery.
        logger.exception("delivery %s could not be read", delivery)


def find(contact_id: int) -> Contact | None:
    """A contact with their person; None for one who was erased."""
    return Contact.objects.select_related("person").filter(pk=contact_id).first()
