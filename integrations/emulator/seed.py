"""Who and what is there at the start: two people, templates, and posts with pictures."""

import io
import math

from PIL import Image, ImageDraw, ImageFilter

from integrations.emulator.state import World

# Numbers that Germany keeps free for films.
NUMBERS = 4917604069000
TEMPLATES = {
    "hello_world/en_US": "Hello World",
    "resume_chat/en_US": "Hello {{1}}, shall we go on where we stopped?",
}
SIZE = 480, 320


def seed(world: World, people: int = 0) -> None:
    """Fill an empty world; with `people`, that many have a phone number, for measurements."""
    world.accounts["whatsapp"].profile["templates"] = dict(TEMPLATES)
    world.add_person("Ada Brandt", phone=str(NUMBERS + 1), username="")
    # Has a user name: the product never sees a phone number.
    world.add_person("Bo Larsen", username="bo.larsen", country="DK")
    for number in range(2, people):
        world.add_person(f"Person {number + 1}", phone=str(NUMBERS + number + 1))
    world.add_post("messenger", "Northern lights over the fjord last night.", _northern_lights())
    world.add_post("messenger", "Our bakery opens at seven now. Which bread should we bake on Fridays?", _sunrise())
    world.add_post("instagram", "Northern lights over the fjord last night. No filter.", _northern_lights())
    world.add_post("instagram", "Early train to the mountains.", _sunrise(), by=world.people["person2"])


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _northern_lights() -> bytes:
    """Green curtains over dark hills."""
    width, height = SIZE
    sky = Image.new("RGB", SIZE, (8, 12, 32))
    glow = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(glow)
    for x in range(width):
        top = 60 + 30 * math.sin(x / 38) + 18 * math.sin(x / 13)
        light = 110 + 90 * math.sin(x / 21) * math.sin(x / 57)
        for step in range(12):
            share = (1 - step / 12) * light
            y = top + step * 12
            draw.line((x, y, x, y + 12), fill=(int(share / 6), int(share), int(share / 2)))
    sky = Image.blend(sky, glow.filter(ImageFilter.GaussianBlur(6)), 0.75)
    draw = ImageDraw.Draw(sky)
    hills = [(x, 262 - 34 * math.sin(x / 90) - 12 * math.sin(x / 24)) for x in range(0, width + 8, 8)]
    draw.polygon([(0, height), *hills, (width, height)], fill=(4, 6, 14))
    return _png(sky)


def _sunrise() -> bytes:
    """A sun over two ridges."""
    width, height = SIZE
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        share = y / height
        draw.line((0, y, width, y), fill=(int(90 + 150 * share), int(110 + 70 * share), int(170 - 60 * share)))
    draw.ellipse((300, 120, 380, 200), fill=(255, 226, 150))
    for base, depth, color in ((220, 50, (96, 92, 120)), (262, 30, (48, 52, 74))):
        ridge = [(x, base - depth * abs(math.sin(x / 70 + base))) for x in range(0, width + 6, 6)]
        draw.polygon([(0, height), *ridge, (width, height)], fill=color)
    return _png(image)
