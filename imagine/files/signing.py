"""Content credentials (C2PA): a signed manifest in the file about how it was made, where a certificate is set."""

from io import BytesIO
from pathlib import Path

from c2pa import (
    Builder,
    C2paBuilderIntent,
    C2paDigitalSourceType,
    C2paError,
    C2paSignerInfo,
    C2paSigningAlg,
    Context,
    Settings,
    Signer,
)
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from imagine.errors import ImagineError
from imagine.files.containers import Form

MIME_TYPES: dict[Form, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
}
# No thumbnail within it, and no requests to other machines.
SETTINGS = """{
    "version": 1,
    "builder": {"thumbnail": {"enabled": false}},
    "verify": {"remote_manifest_fetch": false, "ocsp_fetch": false, "verify_trust": false}
}"""
MANIFEST = {"claim_generator_info": [{"name": "Chaski"}]}
# C2PA specification, section 13.2: the algorithm that goes with each kind of key.
CURVES = {"secp256r1": C2paSigningAlg.ES256, "secp384r1": C2paSigningAlg.ES384, "secp521r1": C2paSigningAlg.ES512}


class SigningError(ImagineError):
    """The operator's certificate or key cannot be used; the exception's text says why."""

    code = "signing"
    retry = False


def sign(data: bytes, form: Form, certificate: Path, key: Path, edited_photo: bool = False) -> bytes:
    """The file with content credentials, signed here. Metadata comes first: a change after this breaks the signature.

    `certificate` is a PEM chain, the signer's own first, without the root; `key` is its PEM private key, not
    encrypted: EC on P-256, P-384 or P-521, Ed25519, or RSA. There is no time stamp: that would take a
    request to another machine. Raises SigningError.
    """
    made = C2paDigitalSourceType.TRAINED_ALGORITHMIC_MEDIA
    edited = C2paDigitalSourceType.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA
    signed = BytesIO()
    try:
        with (
            Signer.from_info(_signer(certificate, key)) as signer,
            Context(Settings.from_json(SETTINGS)) as context,
            Builder(MANIFEST, context) as builder,
        ):
            builder.set_intent(C2paBuilderIntent.CREATE, edited if edited_photo else made)
            builder.sign(signer, MIME_TYPES[form], BytesIO(data), signed)
    except (C2paError, OSError, ValueError) as error:
        raise SigningError(f"{certificate.name}: {error}") from error
    return signed.getvalue()


def _signer(certificate: Path, key: Path) -> C2paSignerInfo:
    secret = key.read_bytes()
    return C2paSignerInfo(_algorithm(secret), certificate.read_bytes(), secret, None)


def _algorithm(secret: bytes) -> C2paSigningAlg:
    key = load_pem_private_key(secret, password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return C2paSigningAlg.ED25519
    if isinstance(key, rsa.RSAPrivateKey):
        return C2paSigningAlg.PS256
    raise ValueError("the key is neither EC, Ed25519 nor RSA")
