"""Keys, certificates, tokens and kubeconfigs of one cluster; the openssl program makes the certificates."""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ClusterError
from .state import Folder

DAYS = "3650"
# Part -> (user name, group) as the bootstrap policy of Kubernetes binds them.
USERS: dict[str, tuple[str, str]] = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kwok", "system:masters"),
}


@dataclass(frozen=True, slots=True)
class Authority:
    """The cluster's certificate authority in a folder of its own; signs what the parts need."""

    folder: Path

    @staticmethod
    def create(folder: Path) -> Authority:
        """Make the authority and the ServiceAccount key pair (sa.key, sa.pub)."""
        if shutil.which("openssl") is None:
            raise ClusterError("the program `openssl` is needed to make certificates: install it (apt install openssl)")
        folder.mkdir(parents=True)
        made = Authority(folder)
        made._key("ca")
        made._openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=ca", "-days", DAYS, "-out", "ca.crt")
        made._key("sa")
        made._openssl("ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")
        return made

    @property
    def certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return (self.folder / "ca.crt").read_bytes()

    def path(self, name: str) -> str:
        """Path of a file of the authority as an argument: `apiserver.crt`, `sa.key` ..."""
        return str(self.folder / name)

    def server(self, name: str, hosts: Sequence[str], addresses: Sequence[str]) -> None:
        """Sign <name>.crt for a server that is reached by these names and addresses."""
        names = [f"DNS:{host}" for host in hosts] + [f"IP:{address}" for address in addresses]
        self._sign(name, f"/CN={name}", f"extendedKeyUsage=serverAuth\nsubjectAltName={','.join(names)}\n")

    def client(self, name: str, subject: str) -> None:
        """Sign <name>.crt for a client; the subject names user (CN) and group (O)."""
        self._sign(name, subject, "extendedKeyUsage=clientAuth\n")

    def _sign(self, name: str, subject: str, extensions: str) -> None:
        self._key(name)
        (self.folder / f"{name}.ext").write_text(extensions)
        self._openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS, "-extfile", f"{name}.ext")
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-out", f"{name}.crt")

    def _key(self, name: str) -> None:
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def _openssl(self, *arguments: str) -> None:
        result = subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, umask=0o077, check=False
        )
        if result.returncode:
            raise ClusterError(f"openssl {arguments[0]} failed: {result.stderr.strip()[-500:]}")


def new_tokens(users: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """A secret token for every user."""
    return {part: secrets.token_hex(16) for part in users}


def token_file(users: Mapping[str, tuple[str, str]], tokens: Mapping[str, str]) -> str:
    """The API server's --token-auth-file: lines of token, user, uid and group."""
    lines = [
        f"{tokens[part]},{user},{part}" + (f',"{group}"' if group else "") for part, (user, group) in users.items()
    ]
    return "\n".join(lines) + "\n"


def kubeconfig(server: str, authority: bytes, token: str) -> dict[str, Any]:
    """A kubeconfig with one cluster, one user and one context."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "ferrata",
        "contexts": [{"name": "ferrata", "context": {"cluster": "ferrata", "user": "ferrata"}}],
        "clusters": [{"name": "ferrata", "cluster": cluster}],
        "users": [{"name": "ferrata", "user": {"token": token}}],
    }


def write_kubeconfig(folder: Folder, name: str, server: str, authority: bytes, token: str) -> Path:
    """Write a kubeconfig that only its owner can read. Returns its path."""
    return folder.write(name, kubeconfig(server, authority, token), 0o600)
