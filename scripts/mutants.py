"""Remove one protection after another, and see whether a test notices: python scripts/mutants.py [WORD].

Each mutant is a small change that an attacker would like, and the tests that must fail with it. They run in a copy
of the working tree. WORD picks the mutants whose name holds it. It ends with 1 where one survives.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Mutant(NamedTuple):
    """`old` in `file` becomes `new`; `tests` must notice, on PostgreSQL where `postgres` says so."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    postgres: bool = False


MUTANTS = [
    Mutant(
        "pictures: what is left out undresses",
        "imagine/prompts.py",
        "    safety.check_left_out(prompt, negative)\n",
        "",
        "tests/imagine/painter/test_left_out.py -k undresses",
    ),
    Mutant(
        "pictures: what is left out undresses a translation",
        "imagine/jobs.py",
        "    safety.check_left_out(drawn, preview.prompt.negative)\n",
        "",
        "tests/security/test_drawing.py -k finished_in_english",
    ),
    Mutant(
        "pictures: weights have no bound",
        "imagine/weights.py",
        "clamped(one * factor) for one",
        "one * factor for one",
        "tests/imagine/test_weights.py",
    ),
    Mutant(
        "pictures: a preview is kept that hides what is refused",
        "web/pictures/actions.py",
        "    safety.check_words(drawn)\n",
        "",
        "tests/imagine/painter/test_languages.py -k forbidden_translation",
    ),
    Mutant(
        "pictures: a live prompt hides in another language",
        "web/pictures/socket.py",
        "                safety.check_words(drawn)\n",
        "",
        "tests/imagine/painter/test_languages.py -k forbidden_translation",
    ),
    Mutant(
        "pictures: a change in an app hides in another language",
        "imagine/jobs.py",
        "        drawn = prompts.clean_prompt(drawn or words)\n"
        '        whole = ", ".join(filter(None, [parent.drawn or parent.prompt, drawn]))\n'
        "        safety.check_words(whole)\n",
        '        whole = ", ".join(filter(None, [parent.drawn or parent.prompt, drawn]))\n',
        "tests/integrations/test_guard.py -k in_english",
    ),
    Mutant(
        "pictures: translations while typing are not counted",
        "web/pictures/socket.py",
        "settings.LIMIT_PERSON_TRANSLATIONS",
        '""',
        "tests/security/test_drawing.py -k translates",
    ),
    Mutant(
        "pictures: an emoji says what its name may not",
        "imagine/safety.py",
        "groups |= _word_list().groups(read + end, typing)",
        "pass",
        "tests/imagine/test_safety.py -k emoji",
    ),
    Mutant(
        "checkpoints: what a hub sends is taken without its hash",
        "imagine/diffusion/download.py",
        "        if sha256(part) != file.sha256:",
        "        if False:",
        "tests/imagine/diffusion/test_checkpoint.py -k another_content",
    ),
    Mutant(
        "checkpoints: a hub fills the disk with more than it promised",
        "imagine/diffusion/download.py",
        "        if self.downloaded > self.size:",
        "        if False:",
        "tests/imagine/diffusion/test_checkpoint.py -k more_than_promised",
    ),
    Mutant(
        "checkpoints: a hub names where a file is written",
        "imagine/diffusion/hub.py",
        " or not SHA256.fullmatch(file.lfs.sha256)",
        "",
        "tests/imagine/diffusion/test_checkpoint.py -k another_content",
    ),
    Mutant(
        "code: a Code Shield that finds nothing is believed",
        "assistant/code/shield.py",
        "if found != [True, True, False]:",
        "if not found:",
        "tests/assistant/code/test_shield.py -k fails_its_test",
    ),
    Mutant(
        "code: what reads hostile code knows our secrets",
        "assistant/code/process.py",
        "env=environment(folder),",
        "env=None,",
        "tests/assistant/code/test_shield.py -k knows_nothing",
    ),
    Mutant(
        "code: a slow analyser outlives its scan",
        "assistant/code/process.py",
        "os.killpg(self.process.pid, signal.SIGKILL)",
        "self.process.kill()",
        "tests/assistant/code/test_shield.py -k slow_scan",
    ),
    Mutant(
        "code: code is left behind in a folder",
        "assistant/code/process.py",
        "            await asyncio.to_thread(empty, self.folder)\n",
        "            pass\n",
        "tests/assistant/code/test_shield.py -k nothing_is_left",
    ),
    Mutant(
        "code: what the package only logs counts as secure",
        "assistant/code/scanner.py",
        "        if failures.places:\n",
        "        if not request:\n",
        "tests/assistant/code/test_scanner.py -k only_logs",
    ),
    Mutant(
        "code: the scanner takes any memory",
        "assistant/code/scanner.py",
        "    _bound()\n    try:\n",
        "    try:\n",
        "tests/assistant/code/test_scanner.py -k bounded",
    ),
    Mutant(
        "code: what was taken back keeps its marks",
        "assistant/code/watch.py",
        "        self._keys = []\n        return []\n",
        "        return []\n",
        "tests/assistant/code/test_answers.py -k takes_back",
    ),
    Mutant(
        "speech: whatever is a recording is written down",
        "assistant/transcription.py",
        "audio.content_type not in DICTATION_TYPES",
        "not audio.content_type",
        "tests/security/test_dictation.py -k no_browser_records",
    ),
    Mutant(
        "speech: a recording of any size is written down",
        "assistant/transcription.py",
        "len(data) > DICTATION_BYTES",
        "len(data) > 10**9",
        "tests/security/test_dictation.py -k too_long",
    ),
    Mutant(
        "speech: recordings are not counted",
        "web/chat/dictation.py",
        '    await limits.count_use(settings.LIMIT_PERSON_DICTATIONS, "dictation", person, address)\n',
        "",
        "tests/security/test_dictation.py -k counted",
    ),
    Mutant(
        "speech: any number of recordings is written down at once",
        "web/chat/dictation.py",
        '    async with limits.speech("dictation", person, address):\n',
        "    if limits:\n",
        "tests/security/test_dictation.py -k hangs_up",
    ),
    Mutant(
        "speech: the microphone is allowed where nothing listens",
        "web/middleware.py",
        "can_dictate=bool(settings.SPEECH_URL) and not in_admin",
        "can_dictate=True",
        "tests/security/test_dictation.py -k microphone",
    ),
    Mutant(
        "speech: an answer is read while the guard may take it back",
        "web/chat/aloud.py",
        "run.status == Run.Status.RUNNING",
        "run.status == run",
        "tests/security/test_aloud.py -k taken_back",
    ),
    Mutant(
        "speech: a person's own words are read",
        "web/chat/aloud.py",
        "message.role == Message.Role.USER",
        "message.role == run",
        "tests/security/test_aloud.py -k words_of_the_browser",
    ),
    Mutant(
        "speech: sentences are not counted",
        "web/chat/aloud.py",
        "if synthesis.is_on():",
        "if not synthesis.is_on():",
        "tests/security/test_aloud.py -k counted",
    ),
    Mutant(
        "speech: what a voice sends is passed on whatever it is",
        "assistant/synthesis.py",
        "read_audio(await _ask(text))",
        'Audio(await _ask(text), "voice.mp3", "audio/mpeg", None)',
        'tests/assistant/test_synthesis.py tests/security/test_aloud.py -k "refusal or no_sound"',
    ),
    Mutant(
        "speech: what a voice sends has no bound",
        "assistant/synthesis.py",
        "len(body) > MOST_BYTES",
        "len(body) > 10**9",
        "tests/assistant/test_synthesis.py -k refusal",
    ),
    Mutant(
        "guard: words are shown before its verdict",
        "assistant/answer.py",
        "                if self._watch and not isinstance(event, Waiting):\n",
        "                if self._watch and isinstance(event, PictureMade):\n",
        "tests/assistant/guard/test_turn.py -k first_words",
    ),
    Mutant(
        "guard: what is searched for goes out before its verdict",
        "assistant/engine.py",
        "call.name in self._means.tools]:\n            await self._means.permitted()\n",
        "call.name in self._means.tools]:\n",
        "tests/assistant/guard/test_turn.py -k no_tool",
    ),
    Mutant(
        "guard: the end of an answer is not judged",
        "assistant/guard/watch.py",
        "self._judge_all(1)",
        "self._judge_all(10**9)",
        "tests/assistant/guard/test_turn.py -k end_of_an_answer",
    ),
    Mutant(
        "guard: a taken answer stays in the database",
        "assistant/runs/saving.py",
        "(outcome.text or is_withdrawn(outcome.end))",
        "outcome.text",
        "tests/assistant/guard/test_turn.py -k while_it_is_written",
    ),
    Mutant(
        "guard: what was refused is told to the model later",
        "assistant/history.py",
        "if row[4] not in GUARD_ERRORS and row[0] not in refused",
        "if row[4] not in GUARD_ERRORS",
        "tests/assistant/guard/test_turn.py -k never_told",
    ),
    Mutant(
        "guard: what was refused is told in a room",
        "assistant/room_history.py",
        "if turn.pk not in refused",
        "if turn.pk",
        "tests/assistant/guard/test_turn.py -k in_a_room",
    ),
    Mutant(
        "guard: what was refused is told by a reply",
        "assistant/room_history.py",
        "readable(member).exclude(REFUSED).filter(pk=question.quoted.pk)",
        "readable(member).filter(pk=question.quoted.pk)",
        "tests/assistant/guard/test_turn.py -k in_a_room",
    ),
    Mutant(
        "guard: what was refused is summed up in a room",
        "assistant/room_history.py",
        "_since(before.exclude(REFUSED), member",
        "_since(before, member",
        "tests/assistant/guard/test_turn.py -k in_a_room",
    ),
    Mutant(
        "guard: guests have the operator's exceptions",
        "assistant/guard/guard.py",
        "(frozenset() if guest else self._ignored)",
        "self._ignored",
        "tests/assistant/guard/test_client.py -k ignored_for_accounts",
    ),
    Mutant(
        "guard: guests are answered while it is away",
        "assistant/guard/guard.py",
        "if away and (guest or not self._open_when_away)",
        "if away and not self._open_when_away",
        "tests/assistant/guard/test_client.py -k guests_are_never",
    ),
    Mutant(
        "guard: what begins with safe is safe",
        "assistant/guard/verdicts.py",
        'if plain == "safe" and not cut',
        'if plain.startswith("safe") and not cut',
        "tests/assistant/guard/test_verdicts.py -k never_safe",
    ),
    Mutant(
        "guard: a person's words end their turn",
        "assistant/guard/turns.py",
        'ROLE.sub("> ", FENCE.sub("< ", neutralise(text)))',
        "neutralise(text)",
        "tests/assistant/guard/test_turns.py -k forges",
    ),
    Mutant(
        "previews: one that changed is not looked at",
        "imagine/painter/screening.py",
        "MOST_DIFFERENCE = 6",
        "MOST_DIFFERENCE = 255",
        "tests/imagine/painter/test_screening.py -k small_changes",
    ),
    Mutant(
        "guard: it is believed without a trial",
        "assistant/guard/client.py",
        "== [True, False, False]",
        "!= []",
        "tests/assistant/guard/test_client.py -k finds_out",
    ),
    Mutant(
        "prompt guard: a page is read unscreened",
        "assistant/findings.py",
        'self._screened("page", [reading.source.site for reading in readings], excerpts)',
        'self._screened("page", [], []) or excerpts',
        "tests/assistant/guard/test_prompt_guard.py -k part_of_a_page",
    ),
    Mutant(
        "prompt guard: results are read unscreened",
        "assistant/findings.py",
        'self._screened("result", [site for site, _ in told.quoted], [line for _, line in told.quoted])',
        'self._screened("result", [], []) or [line for _, line in told.quoted]',
        "tests/assistant/guard/test_prompt_guard.py -k one_by_one",
    ),
    Mutant(
        "prompt guard: files are read unscreened",
        "assistant/engine.py",
        "replace(self._history, messages=messages)",
        "replace(self._history)",
        "tests/assistant/guard/test_prompt_guard.py -k part_of_a_file",
    ),
    Mutant(
        "prompt guard: an order falls between two windows",
        "assistant/guard/windows.py",
        "overlap = end - OVERLAP_CHARACTERS",
        "overlap = end",
        "tests/assistant/guard/test_windows.py -k edge",
    ),
    Mutant(
        "prompt guard: the end of a window goes unread",
        "assistant/guard/classifier.py",
        '"truncate": False',
        '"truncate": True',
        "tests/assistant/guard/test_classifier.py -k finds_out",
    ),
    Mutant(
        "prompt guard: a window is longer than the model reads",
        "assistant/guard/windows.py",
        "if len(words) > WINDOW_CHARACTERS and",
        "if len(words) > 10**9 and",
        "tests/assistant/guard/test_windows.py -k every_character",
    ),
    Mutant(
        "prompt guard: it is believed without a trial",
        "assistant/guard/classifier.py",
        "if found == [True] * len(ORDERS) + [False] * len(HARMLESS):",
        "if found:",
        "tests/assistant/guard/test_classifier.py -k tells_orders",
    ),
    Mutant(
        "prompt guard: a part that is refused saves the others from being judged",
        "assistant/guard/prompt_guard.py",
        "            half = len(words) // 2\n",
        "            return\n",
        "tests/assistant/guard/test_prompt_guard.py -k saves_no_other",
    ),
    Mutant(
        "prompt guard: what is unchecked is read although the operator forbids it",
        "assistant/guard/prompt_guard.py",
        "if unknown and not self._open_when_away:",
        "if unknown and self._open_when_away is None:",
        "tests/assistant/guard/test_prompt_guard.py -k operator_says_so",
    ),
    Mutant(
        "guard: the page for pictures does without",
        "web/pictures/actions.py",
        "if runtime.guard:\n        whole",
        "if not words and (guard := current_process().runtime.guard):",
        "tests/assistant/guard/test_site.py -k refused",
    ),
    Mutant(
        "guard: an app draws without",
        "integrations/drawing.py",
        "if runtime.guard and words:",
        "if runtime.guard and not words:",
        "tests/integrations/test_guard.py -k changed_into",
    ),
    Mutant(
        "a forked process has the settings of another",
        "web/local/forks.py",
        "if self._environment not in (None, program.environment):",
        "if False:",
        "tests/web/local/test_forks.py -k settings_of_one",
    ),
    Mutant(
        "a forked process holds what the fork server has open",
        "web/local/fork_server.py",
        '    os.closerange(3, os.sysconf("SC_OPEN_MAX"))\n',
        "",
        "tests/web/local/test_forks.py -k given_what",
    ),
    Mutant(
        "a known e-mail is checked twice",
        "web/accounts/passwords.py",
        '            credentials.pop("username", None)\n',
        "            pass\n",
        "tests/web/accounts/test_allauth.py -k same_work",
    ),
    Mutant(
        "a session that ended a moment ago is trusted",
        "web/sockets/session.py",
        "if self.is_fresh and mark == self._mark:",
        "if self.is_fresh:",
        "tests/web/sockets/test_session.py tests/security/test_sockets.py -k once_the",
    ),
    Mutant(
        "any secret opens with a public id that is known",
        "assistant/api_keys.py",
        "    if key is None or not any(found):\n",
        "    if key is None:\n",
        "tests/assistant/test_api_keys.py",
    ),
    Mutant(
        "an API key never expires",
        "assistant/api_keys.py",
        "Q(expires_at=None) | Q(expires_at__gt=timezone.now()), person__is_guest=False",
        "person__is_guest=False",
        "tests/assistant/test_api_keys.py",
    ),
    Mutant(
        "the API keys of a suspended account go on",
        "assistant/api_keys.py",
        "    if not key.person.is_active:\n",
        "    if key.person is None:\n",
        "tests/assistant/test_api_keys.py",
    ),
    Mutant(
        "an API key is made without the password",
        "web/accounts/api_keys.py",
        "@password_first\n",
        "",
        "tests/web/accounts/test_api_keys.py",
    ),
    Mutant(
        "an API key in an address is taken",
        "web/api/access.py",
        "    if api_keys.PREFIX in request.META",
        "    if not api_keys.PREFIX and request.META",
        "tests/security/test_api.py -k in_an_address",
    ),
    Mutant(
        "an answer goes on for a key that has ended",
        "web/api/relay.py",
        "            if not await access.holds(self._key):\n",
        "            if await access.holds(self._key) is None:\n",
        "tests/web/api/test_relay.py",
    ),
    Mutant(
        "a program draws and remembers",
        "assistant/unstored.py",
        'OF_THE_PERSON = frozenset({"create_image", "remember", "forget"})',
        "OF_THE_PERSON = frozenset[str]()",
        "tests/web/api/test_completions.py",
    ),
    Mutant(
        "a turn is stored whether the session holds or not",
        "web/sockets/session.py",
        "            if not self._ask():\n",
        "            if self._ask() is None:\n",
        "tests/security/test_sockets.py -k shut_out_has_nothing",
    ),
    Mutant(
        "the server takes any number of connections",
        "web/local/site.py",
        '        "--limit-concurrency": CONNECTIONS,\n',
        "",
        "tests/security/test_server.py -k places",
    ),
    Mutant(
        "each process has sockets of its own for a person",
        "assistant/limits.py",
        "if process == ARGV[1] or (until_then and tonumber(until_then) > now) then",
        "if process == ARGV[1] then",
        "tests/security/test_limits.py -k sockets_are_counted_in_all",
    ),
    Mutant(
        "each process has seats of its own at the model",
        "assistant/seats.py",
        "seats - used - others_held,",
        "seats - used,",
        "tests/assistant/test_seats.py -k 'line_is_full or free_at_whatever'",
    ),
    Mutant(
        "an address takes any number of connections",
        "web/server/connections.py",
        "_open[key] < most * times",
        "True",
        "tests/security/test_server.py -k connections",
    ),
    Mutant(
        "a head has no end",
        "web/server/requests.py",
        "HEAD_BYTES = 64 * 1024",
        "HEAD_BYTES = 64 * 1024**3",
        "tests/security/test_server.py -k 'never_ends or long_head'",
    ),
    Mutant(
        "a head has all the time in the world",
        "web/server/requests.py",
        "self._head_timer = self.loop.call_later(HEAD_SECONDS, look_again)",
        "pass",
        "tests/security/test_server.py -k 'half or drips or own_time'",
    ),
    Mutant(
        "trailers are headers",
        "web/server/requests.py",
        "        if self._in_head:\n            super().on_header",
        "        if True:\n            super().on_header",
        "tests/security/test_server.py -k follows_a_body",
    ),
    Mutant(
        "frames are not counted",
        "web/server/frames.py",
        "FRAMES_PER_WINDOW = 400",
        "FRAMES_PER_WINDOW = 400_000_000",
        "tests/security/test_server.py -k 'flood or told_why'",
    ),
    Mutant(
        "a body has an hour",
        "web/asgi.py",
        "BODY_SECONDS = 30",
        "BODY_SECONDS = 3600",
        "tests/security/test_limits.py -k half_a_minute",
    ),
    Mutant(
        "one address takes the memory of all bodies",
        "web/bodies.py",
        " or self._taken[address] + size > self._share",
        "",
        "tests/web/test_bodies.py",
    ),
    Mutant(
        "addresses are written to the log",
        "web/settings.py",
        '        "django.request": {"level": "ERROR"},\n',
        "",
        "tests/security/test_pages.py -k stands_in_a_log",
    ),
    Mutant(
        "a person's requests do not wait for each other",
        "assistant/conversations.py",
        "Person.objects.select_for_update(no_key=True)",
        "Person.objects",
        "tests/assistant/test_conversations.py",
        postgres=True,
    ),
    Mutant(
        "an IPv6 site has 65,536 quotas",
        "assistant/addresses.py",
        "    if network.prefixlen <= IPV6_SITE:\n",
        "    if True:\n",
        "tests/security/test_limits.py -k ipv6_site",
    ),
    Mutant(
        "the log of changes keeps what was erased",
        "assistant/traces.py",
        "(_merge(deadline) and _empty_log())",
        "_merge(deadline)",
        "tests/security/test_erasing.py",
    ),
    Mutant(
        "Redis' log keeps what was erased",
        "assistant/traces.py",
        "return _rewrite(deadline) and clean",
        "return clean",
        "tests/security/test_erasing.py",
    ),
    Mutant(
        "a decoder takes any memory",
        "imagine/files/uploads.py",
        '"webp": 25_000_000',
        '"webp": 250_000_000',
        "tests/imagine/files/test_decoder.py",
    ),
    Mutant(
        "a HEIC has any number of pixels",
        "imagine/files/uploads.py",
        '"heif": 50_000_000',
        '"heif": 500_000_000',
        "tests/imagine/files/test_uploads.py -k bomb",
    ),
    Mutant(
        "a kilobyte is a table of 66,000 cells",
        "assistant/markdown/tables.py",
        "            if rows * columns > min(CELLS, written * (1 + FILLED)):\n                break\n",
        "",
        "tests/web/markdown/test_tables.py -k so_many_cells",
    ),
    Mutant(
        "a public site makes its own key",
        "web/settings.py",
        'if HTTPS and not env.str("SECRET_KEY", ""):',
        "if False:",
        "tests/security/test_settings.py -k refused_by_name",
    ),
    Mutant(
        "a person is counted while they count elsewhere",
        "assistant/conversations.py",
        'Person.objects.select_for_update(no_key=True).filter(id=person).values_list("id")',
        'Person.objects.filter(id=person).values_list("id")',
        "tests/assistant/test_conversations.py -k waits_until",
        postgres=True,
    ),
    Mutant(
        "other sites open sockets",
        "web/asgi.py",
        "own = len(named) == 1 and named[0] in allowed",
        "own = True",
        "tests/security/test_sockets.py -k 'other_site or without_an_origin'",
    ),
    Mutant(
        "answers and pictures go on for who is suspended",
        "assistant/suspension.py",
        "    transaction.on_commit(partial(_stop, person))\n",
        "",
        "tests/web/test_admin.py -k nothing_goes_on",
    ),
    Mutant(
        "apps answer who is suspended",
        "integrations/dialogue.py",
        "        if await in_thread(contacts.is_suspended)(self._contact):\n            return Reply(SUSPENDED, [])\n",
        "",
        "tests/integrations/test_dialogue.py -k 'before and suspended'",
    ),
    Mutant(
        "who is suspended gets the answer that was being written",
        "integrations/dialogue.py",
        "    if contacts.is_suspended(contact):\n        return False\n",
        "",
        "tests/integrations/test_dialogue.py -k 'while and suspended'",
    ),
    Mutant(
        "who is suspended reads on in rooms",
        "integrations/relay.py",
        "member and contact.person.is_active and",
        "member and",
        "tests/integrations/test_room_relay.py -k suspended",
    ),
    Mutant(
        "e-mails lead where the request says",
        "web/accounts/allauth.py",
        'f"{settings.SITE_URL}/{value.removeprefix(here)}"',
        "value",
        "tests/web/accounts/test_allauth.py -k configured_site",
    ),
    Mutant(
        "invitations lead where the request says",
        "web/rooms/joining.py",
        'settings.SITE_URL + reverse("invitation"',
        'reverse("invitation"',
        "tests/web/rooms/test_invitations.py -k configured_site",
    ),
    Mutant(
        "account pages say who has an e-mail",
        "web/settings.py",
        'ACCOUNT_PREVENT_ENUMERATION = "strict"',
        "ACCOUNT_PREVENT_ENUMERATION = False",
        "tests/web/accounts/test_allauth.py -k 'looks_the_same or learns_no_more'",
    ),
    Mutant(
        "a message of a socket has no bound",
        "web/server/serve.py",
        "SOCKET_BYTES = 128 * 1024",
        "SOCKET_BYTES = 128 * 1024**2",
        "tests/security/test_sockets.py -k huge",
    ),
    Mutant(
        "a body that promises too much is read",
        "web/bodies.py",
        "        if length.isdigit() and (len(length) > 18 or int(length) > most):\n",
        "        if False:\n",
        "tests/security/test_uploads.py -k five_gigabytes",
    ),
    Mutant(
        "Redis holds programs",
        "web/settings.py",
        ', "serializer": "web.cache.JSONSerializer"',
        "",
        "tests/web/accounts/test_allauth.py -k what_redis_holds",
    ),
    Mutant(
        "an old key may be guessed",
        "web/settings.py",
        "if HTTPS and any(map(is_guessable, SECRET_KEY_FALLBACKS)):",
        "if False:",
        "tests/security/test_settings.py -k OLD_SECRET",
    ),
    Mutant(
        "one member takes all calls of a room",
        "assistant/room_turns.py",
        '        await limits.count(settings.LIMIT_ROOM_CALLS, "call", "room", str(room))\n',
        "",
        "tests/security/test_limits.py -k room_have_limits",
    ),
    Mutant(
        "networks of one site sign up without end",
        "web/accounts/allauth.py",
        "[1:]]",
        "[9:]]",
        "tests/security/test_limits.py -k account_pages",
    ),
    Mutant(
        "the log quotes commands to Redis",
        "web/logs.py",
        'COMMAND.sub(r"\\1 of a pipeline", line)',
        "line",
        "tests/web/test_logs.py",
    ),
    Mutant(
        "nobody reads who tries to be an operator",
        "web/accounts/allauth.py",
        "is_staff=True",
        "is_staff=None",
        "tests/web/test_admin.py -k who_came_in",
    ),
    Mutant(
        "a pickle that is called safetensors, or is named, is read",
        "imagine/diffusion/single_file.py",
        "    refuse_formats(path)\n",
        "",
        "tests/imagine/diffusion/test_single_file.py -k another_format",
    ),
    Mutant(
        "a pickle is read as a LoRA",
        "imagine/diffusion/lora.py",
        "    refuse_formats(path)\n",
        "",
        "tests/imagine/diffusion/test_lora.py -k called_what_it_is",
    ),
    Mutant(
        "weights of a text encoder that are missing are random",
        "imagine/diffusion/reading.py",
        """    if missing := sorted(found["missing_keys"]):
        raise lacking(checkpoint, part, missing[0])
""",
        "",
        "tests/imagine/diffusion/test_unsound.py -k missing_are_named",
    ),
    Mutant(
        "thumbnails have no label",
        "imagine/files/develop.py",
        '        "thumb.webp": _encoded(_thumb(shown), "WEBP"),\n',
        '        "thumb.webp": _encoded(_thumb(shown.rotate(180)), "WEBP"),\n',
        "tests/imagine/files/test_forms.py -k label_is_in",
    ),
    Mutant(
        "a page called cat.png is taken for a text, beside pictures that are asked about",
        "assistant/vision.py",
        "return is_picture(head) or called",
        "return is_picture(head)",
        "tests/security/test_pictures_asked.py -k is_none_is_refused",
    ),
    Mutant(
        "a turn is answered before the terms were agreed to",
        "assistant/turns.py",
        "    await agreement.check(person)\n",
        "",
        "tests/security/test_terms.py -k before_a_yes",
    ),
    Mutant(
        "a room is answered before the terms were agreed to",
        "assistant/room_turns.py",
        "    await agreement.check(person)\n",
        "",
        "tests/security/test_terms.py -k before_a_yes",
    ),
    Mutant(
        "a program is answered before the terms were agreed to",
        "assistant/unstored.py",
        "    await agreement.check(person)\n",
        "",
        "tests/security/test_terms.py -k before_a_yes",
    ),
    Mutant(
        "a yes to older terms counts",
        "assistant/agreement.py",
        " and person.agreed_to == version()",
        "",
        "tests/assistant/test_agreement.py",
    ),
    Mutant(
        "voice notes are heard before the terms were agreed to",
        "integrations/files.py",
        "        await agreement.check(self._contact.person)\n",
        "",
        "tests/integrations/test_agreeing.py -k unheard",
    ),
    Mutant(
        "a picture is asked about in anothers conversation",
        "web/chat/asking.py",
        "        conversations.own_conversation(person, place)\n",
        "        pass\n",
        "tests/security/test_pictures_asked.py -k drawing",
    ),
    Mutant(
        "a page shows a waiting picture to whoever names it",
        "web/chat/asking.py",
        "request.user.attachments.filter(id=named",
        '__import__("assistant.models").models.Attachment.objects.filter(id=named',
        "tests/security/test_pictures_asked.py -k drawing",
    ),
    Mutant(
        "pictures that are asked about are decoded without a limit",
        "web/chat/attachments.py",
        '        await limits.count_use(settings.LIMIT_PERSON_UPLOADS, "upload", person, address)\n',
        "",
        "tests/security/test_pictures_asked.py -k fifty",
    ),
    Mutant(
        "a picture of a conversation goes into a room as a file",
        "assistant/rooms/talk.py",
        "if any(file.is_picture for file in kept):",
        "if False:",
        "tests/security/test_pictures_asked.py -k room",
    ),
    Mutant(
        "words in a picture that is asked about may be orders",
        "assistant/prompts.py",
        'shown = IN_PICTURES if pictures_of(history) else ""',
        'shown = ""',
        "tests/assistant/test_pictures_asked.py -k no_order",
    ),
    Mutant(
        "a picture is asked about as large as it came",
        "assistant/vision.py",
        "return decoder.decode(data, SIDE)",
        "return decoder.decode(data)",
        "tests/assistant/test_pictures_asked.py -k upright",
    ),
    Mutant(
        "all pictures that are asked about are read for each answer",
        "assistant/attachments.py",
        "if message in shown][:PROMPT_PICTURES]",
        "if message in shown]",
        "tests/assistant/test_pictures_asked.py -k newest",
    ),
]


def survives(mutant: Mutant, tree: Path) -> bool:
    """Whether all tests pass with it. Raises ValueError where it has nothing to change any more."""
    file = tree / mutant.file
    before = file.read_text()
    if before.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file} has {mutant.old!r} {before.count(mutant.old)} times")
    file.write_text(before.replace(mutant.old, mutant.new))
    python = tree / ".venv/bin/python"
    tests = f"{python} -m pytest -x -p no:cacheprovider {mutant.tests}"
    command = f"{python} scripts/postgres.py {tests}" if mutant.postgres else tests
    try:
        # The shell parts the words of `-k`. Tests that end by a limit of time have noticed as well.
        run = subprocess.run(command, shell=True, cwd=tree, capture_output=True, timeout=900, check=False)  # noqa: S602
        return run.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(before)


def main() -> int:
    """Try the mutants; returns the exit code."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    left = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".venv", ".git", "var", "*_cache", "__pycache__"))
        (tree / ".venv").symlink_to((ROOT / ".venv").resolve())
        for mutant in MUTANTS:
            if word in mutant.name:
                seen = not survives(mutant, tree)
                print("noticed " if seen else "SURVIVES", mutant.name, flush=True)
                left += [] if seen else [mutant.name]
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
