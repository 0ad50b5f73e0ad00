"""What kubesealpy makes of a list of tasks, both as JSON; null is what it refuses to open."""

import base64
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kubesealpy import DecryptionError, NoMatchingKeyError, Sealer, SealedSecret, SealingScope, Unsealer


def opened(text, key):
    unsealer = Unsealer.from_private_key(load_pem_private_key(key.encode(), None))
    try:
        secret = unsealer.unseal(SealedSecret.from_yaml(text))
    except (DecryptionError, NoMatchingKeyError):
        return None
    metadata = secret.metadata
    return {"type": secret.type, "namespace": metadata.namespace, "name": metadata.name, "data": secret.data}


def sealed(values, certificate, scope, namespace, name):
    data = {key: base64.b64decode(value) for key, value in values.items()}
    sealer = Sealer.from_certificate_pem(certificate)
    return sealer.seal(name, namespace, data, SealingScope(scope)).to_yaml()


def done(task):
    if "open" in task:
        return opened(task["open"], task["key"])
    return sealed(task["seal"], task["certificate"], task["scope"], task["namespace"], task["name"])


json.dump([done(task) for task in json.load(sys.stdin)], sys.stdout)
