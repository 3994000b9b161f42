"""Ideas for pictures, as chips under the prompt."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assistant import agreement
from assistant.database import in_thread
from assistant.errors import AssistantError
from assistant.ideas import Ideas, plain_ideas
from assistant.ideas import ideas as ideas_of_model
from assistant.models import Person
from web.accounts.identity import signed_in
from web.addresses import address_block
from web.process import current_process


@require_POST
async def ideas(request: HttpRequest) -> HttpResponse:
    """Suggestions, or better words for `prompt`; from the model for people with a row, within their limit."""
    person, prompt = await signed_in(request), request.POST.get("prompt", "")
    found = await own_ideas(person, address_block(request), prompt) if person else plain_ideas(prompt)
    return await in_thread(render)(request, "_ideas.html", {"ideas": found.suggested, "improved": found.improved})


async def own_ideas(person: Person, address: str, prompt: str) -> Ideas:
    """Ideas of the model, or plain ones beyond the limit of the person or the address, or before they agreed."""
    runtime = current_process().runtime
    try:
        await agreement.check(person)
        await runtime.limits.count_use(settings.LIMIT_PERSON_IDEAS, "ideas", person, address)
    except AssistantError:
        return plain_ideas(prompt)
    return await ideas_of_model(runtime, prompt)
