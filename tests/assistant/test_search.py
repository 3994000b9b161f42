"""A person finds what was said, in any script, and nobody else does; what is deleted leaves the index at once."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant import conversations, members, people, purge, search
from assistant.models import Conversation, Member, Message, Person, Run, SearchEntry
from tests.servers import eventually


@pytest.fixture
def ada() -> Person:
    return people.make_guest()


@pytest.fixture
def eve() -> Person:
    return people.make_guest()


def talk(person: Person, title: str, *texts: str) -> Conversation:
    """A conversation in which the person and the assistant said these in turn."""
    conversation = conversations.begin(person, title)
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            position=position,
            role=Message.Role.USER if position % 2 else Message.Role.ASSISTANT,
            text=text,
        )
        for position, text in enumerate(texts, 1)
    )
    return conversation


def found(person: Person, query: str) -> list[tuple[str, str]]:
    """The title of each conversation that a search finds, and the text of the message it leads to."""
    texts = {None: ""} | dict(Message.objects.filter(conversation__members=person).values_list("id", "text"))
    titles = dict(person.conversations.values_list("id", "title"))
    return [(titles[match.conversation], texts[match.message]) for match in search.search(person, query)]


def titles(person: Person, query: str) -> list[str]:
    return [title for title, _ in found(person, query)]


def index_holds(word: str) -> bool:
    """Whether any table of the index has the end of a word; its beginning may stand in the word before."""
    assert word.isascii()
    if connection.vendor == "postgresql":
        return SearchEntry.objects.extra(where=["terms::text LIKE %s"], params=[f"%{word[1:]}%"]).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT terms FROM assistant_searchentry")
        kept = [terms.encode() for (terms,) in cursor.fetchall()]
        cursor.execute("SELECT block FROM assistant_searchindex_data")
        kept += [block for (block,) in cursor.fetchall()]
    return any(word[1:].encode() in one for one in kept)


# What is found


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("Über den Wolken", ["über", "uber", "ÜBER", "wolken uber", "wol"]),
        ("МОСКВА и Ёлка", ["москва", "елка", "ёлка", "моск"]),
        ("Lange Straße", ["strasse", "straße", "STRASSE", "stras"]),
        ("In İstanbul", ["istanbul", "ISTANBUL", "İstanbul"]),
        ("ﬁne ｆｕｌｌ", ["fine", "full", "ｆｉｎｅ"]),
        ("قال مُحَمَّدٌ", ["محمد", "مُحَمَّد", "محم"]),
        ("שָׁלוֹם עולם", ["שלום", "שָׁלוֹם"]),
        ("Đường Łódź Ørsted Æsir", ["duong lodz orsted aesir", "đường", "ae"]),
        ("हिन्दी में लिखो", ["हिन्दी", "हिन्"]),
        ("我爱北京大学很多", ["北京", "北京大学", "大学 北京", "京", "多"]),
        ("東京へ行きました", ["東京", "行きました", "行", "キマシタ"]),
        ("서울의 학교에서", ["학교", "서울 학교", "학"]),
        ("ฉันรักแมวมาก", ["แมว", "รัก แมว"]),
        ("iPhone手机壳 🎉", ["iphone", "手机", "iphone 手机", "🎉"]),
        ("user@example.com paid $3.14", ["user@example.com", "3.14", "$3"]),
        ("don't use a_b", ["don't", "a_b", "don’t"]),
    ],
)
def test_a_text_is_found_however_it_is_typed(ada: Person, text: str, queries: list[str]) -> None:
    talk(ada, "Other", "Nothing", text)
    assert {query: found(ada, query) for query in queries} == {query: [("Other", text)] for query in queries}
    talk(ada, text)
    assert [titles(ada, query)[0] for query in queries] == [text] * len(queries)


def test_all_words_must_stand_there_whole_but_the_last(ada: Person) -> None:
    talk(ada, "Lamps", "Buy a paper lantern", "Or a candle")
    assert titles(ada, "lantern paper") == ["Lamps"]
    assert titles(ada, "paper lan") == ["Lamps"]
    for nothing in ("lan paper", "paper candle", "antern", "京北"):
        assert titles(ada, nothing) == []


HARMLESS = ["", " ", '"', "*", "%", "_", "-", "'", "NEAR(", "(", '")', "a AND", "NOT", "OR OR", "title:", "^x", "x*y"]
HARMLESS += ["\\", "' OR 1=1 --", "a:b:*", "<->", "!a & b |", "{", "\x00", "\ud800", "\uffff"]


@pytest.mark.parametrize("query", HARMLESS)
def test_signs_and_operators_do_no_harm(ada: Person, query: str) -> None:
    talk(ada, "Lamps", "Buy the paper lantern")
    assert titles(ada, query) == []


def test_operators_are_words(ada: Person) -> None:
    talk(ada, "Logic", "near and not or")
    assert titles(ada, "NEAR( NOT AND OR") == ["Logic"]
    assert titles(ada, '"not near"*') == ["Logic"]
    assert titles(ada, "-near") == ["Logic"]


def test_a_very_long_query_is_cut(ada: Person) -> None:
    talk(ada, "Long", "word " * 3)
    assert titles(ada, "word " * 100_000) == ["Long"]
    assert titles(ada, "w" * 100_000) == []


def test_a_very_long_word_is_found_by_its_beginning(ada: Person) -> None:
    talk(ada, "Long", "x" * 16_000)
    assert titles(ada, "x" * 60) == ["Long"]


def test_the_longest_answers_are_indexed(ada: Person) -> None:
    talk(ada, "Chinese", "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(200_000)))
    talk(ada, "Words", " ".join(f"w{number}" for number in range(30_000)))
    assert titles(ada, "w29999") == ["Words"]
    assert titles(ada, chr(0x4E00) + chr(0x4E00 + 7919)) == ["Chinese"]


# In which order


def test_titles_come_before_texts(ada: Person) -> None:
    talk(ada, "Lamps")
    talk(ada, "Other", "lamps lamps lamps")
    assert titles(ada, "lamps") == ["Lamps", "Other"]


def test_what_fits_better_or_is_newer_comes_first(ada: Person) -> None:
    talk(ada, "Long", "A lamp, " + "and many other things " * 40)
    talk(ada, "Short", "A lamp")
    assert titles(ada, "lamp") == ["Short", "Long"]
    old = talk(ada, "Old", "A candle")
    talk(ada, "New", "A candle")
    Message.objects.filter(conversation=old).update(created_at=timezone.now() - timedelta(days=60))
    assert titles(ada, "candle") == ["New", "Old"]


def test_a_title_that_is_the_first_message_leads_to_what_says_more(ada: Person) -> None:
    talk(ada, "Lamps", "Lamps", "Some lamps are of paper")
    assert found(ada, "lamps") == [("Lamps", "Some lamps are of paper")]
    talk(ada, "Candles", "Candles", "Wax")
    assert found(ada, "candles") == [("Candles", "Candles")]


# Whose it is


def test_nobody_finds_what_others_said(ada: Person, eve: Person) -> None:
    talk(ada, "Secret", "guanaco")
    assert titles(eve, "guanaco") == titles(eve, "secret") == []
    assert titles(ada, "guanaco") == ["Secret"]


def test_people_whose_ids_begin_alike_find_only_their_own(ada: Person) -> None:
    twin_id = str(ada.id)[:8] + str(uuid4())[8:]
    twin = Person.objects.create(id=twin_id, username=twin_id)
    talk(ada, "Secret", "guanaco")
    assert search.scope_of(search.TEXT, ada.id) == search.scope_of(search.TEXT, Person.objects.get(pk=twin.pk).id)
    assert search.search(Person.objects.get(pk=twin.pk), "guanaco") == []


def test_all_members_find_it_and_who_leaves_does_not(ada: Person, eve: Person) -> None:
    conversation = talk(ada, "Together", "guanaco")
    assert titles(ada, "guanaco") == ["Together"]
    Member.objects.create(conversation=conversation, person=eve)
    assert titles(eve, "guanaco") == ["Together"]
    eve.memberships.get().delete()
    assert search.search(eve, "guanaco") == []
    assert titles(ada, "guanaco") == ["Together"]


def test_an_account_finds_what_it_said_as_a_guest(ada: Person) -> None:
    account = Person.objects.create_user(f"eve-{uuid4().hex}", password="a long password")
    talk(ada, "As a guest", "guanaco")
    assert titles(ada, "guanaco") == ["As a guest"]
    people.merge(ada, account)
    assert titles(account, "guanaco") == ["As a guest"]


# What changes


def test_what_is_put_aside_is_not_found_until_it_comes_back(ada: Person) -> None:
    conversation = talk(ada, "Talk", "guanaco", "alpaca")
    assert titles(ada, "guanaco") == ["Talk"]
    conversation.messages.filter(text="guanaco").update(shown=False)
    assert titles(ada, "guanaco") == []
    conversation.messages.update(shown=True)
    assert titles(ada, "guanaco") == ["Talk"]


def test_a_new_title_is_found_and_the_old_is_not(ada: Person) -> None:
    conversation = talk(ada, "Guanacos", "Hello")
    assert titles(ada, "guanacos") == ["Guanacos"]
    Conversation.objects.filter(pk=conversation.pk).update(title="Alpacas")
    assert titles(ada, "alpacas") == ["Alpacas"]
    assert titles(ada, "guanacos") == []


def test_an_answer_is_found_once_it_is_whole(ada: Person) -> None:
    turn = conversations.say(ada, None, "Tell me of guanacos", uuid4())
    Message.objects.filter(id=turn.answer.id).update(text="They are")
    assert [text for _, text in found(ada, "guanacos")] == ["Tell me of guanacos"]
    assert search.search(ada, "they") == []
    Message.objects.filter(id=turn.answer.id).update(text="They are wild")
    Run.objects.filter(id=turn.run.id).update(status=Run.Status.DONE)
    assert [text for _, text in found(ada, "wild")] == ["They are wild"]


def test_nothing_is_indexed_on_the_way_to_the_first_word(ada: Person) -> None:
    with CaptureQueriesContext(connection) as queries:
        conversations.say(ada, None, "Tell me of guanacos", uuid4())
    assert not [query["sql"] for query in queries if "searchentry" in query["sql"]]


def test_an_index_that_lacks_nothing_is_not_written(ada: Person) -> None:
    talk(ada, "Talk", "guanaco")
    search.update(ada)
    with CaptureQueriesContext(connection) as queries:
        search.search(ada, "guanaco")
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * 3


def test_two_searches_at_the_same_moment_index_once(ada: Person) -> None:
    conversation = talk(ada, "Talk", *["guanaco"] * 50)
    barrier = Barrier(2)

    def update() -> None:
        barrier.wait()
        search.update(ada)
        connection.close()

    threads = [Thread(target=update) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SearchEntry.objects.filter(message__conversation=conversation).count() == 50
    assert titles(ada, "guanaco") == ["Talk"]


# What is deleted


def indexed(person: Person) -> Conversation:
    conversation = talk(person, "Xylotitle", "xylophonist", "xylograph")
    search.update(person)
    assert index_holds("xylotitle")
    return conversation


def is_gone() -> None:
    eventually(lambda: not any(index_holds(word) for word in ("xylotitle", "xylophonist", "xylograph")))


def test_a_deleted_conversation_leaves_nothing_in_the_index(ada: Person) -> None:
    indexed(ada).delete()
    is_gone()
    assert search.search(ada, "xylophonist") == []


def test_deleted_messages_leave_nothing_in_the_index(ada: Person) -> None:
    conversation = indexed(ada)
    conversation.messages.filter(position=2).delete()
    eventually(lambda: not index_holds("xylograph"))
    assert titles(ada, "xylophonist") == ["Xylotitle"]
    conversation.delete()
    is_gone()


def test_rows_deleted_past_django_leave_the_index_too(ada: Person) -> None:
    conversation = indexed(ada)
    message = conversation.messages.get(position=1)
    with connection.cursor() as cursor:
        key = Message._meta.pk.get_db_prep_value(message.pk, connection)
        cursor.execute("DELETE FROM assistant_message WHERE id = %s", [key])
    assert not SearchEntry.objects.filter(message=message.pk).exists()
    assert search.search(ada, "xylophonist") == []
    conversation.delete()
    is_gone()


def test_an_erased_person_leaves_nothing_in_the_index(ada: Person) -> None:
    indexed(ada)
    people.erase(ada)
    is_gone()


def test_an_expired_guest_leaves_nothing_in_the_index(ada: Person) -> None:
    indexed(ada)
    Person.objects.filter(pk=ada.pk).update(last_seen_at=timezone.now() - timedelta(days=4000))
    people.expire_guests(timezone.now() - timedelta(days=3999))
    is_gone()


def test_erasing_one_member_keeps_it_for_the_other(ada: Person, eve: Person) -> None:
    conversation = talk(ada, "Together", "guanaco")
    Member.objects.create(conversation=conversation, person=eve)
    search.index(conversation.id)
    members.move(ada, eve)
    people.erase(ada)
    assert titles(eve, "guanaco") == ["Together"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no segments")
def test_a_large_index_is_merged_beside_the_request(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "PAGES", 1)
    monkeypatch.setattr(purge, "STEPS_AT_ONCE", 1)
    talk(ada, "Filler", *(" ".join(f"filler{number * text}" for number in range(200)) for text in range(100)))
    indexed(ada).delete()
    is_gone()
