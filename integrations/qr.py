"""Addresses as QR codes."""

import base64

import qrcode
from qrcode.image.svg import SvgPathImage


def picture(address: str) -> str:
    """The address as a QR code, in a data: URL of an SVG image."""
    code = qrcode.QRCode(border=3)
    code.add_data(address)
    drawn = code.make_image(image_factory=SvgPathImage).to_string()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"
