"""Addresses as QR codes."""

import base64

import qrcode
from qrcode.image.svg import SvgPathImage


def svg(address: str) -> bytes:
    """The address as a QR code, an SVG image."""
    code = qrcode.QRCode(border=3)
    code.add_data(address)
    drawn: bytes = code.make_image(image_factory=SvgPathImage).to_string()
    return drawn


def picture(address: str) -> str:
    """The same in a data: URL."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg(address)).decode()}"
