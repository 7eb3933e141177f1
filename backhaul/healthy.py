"""Whether a service on this machine is ready, for a container's health check: `python -IS healthy.py PORT`.

It is run every few seconds, so it imports next to nothing: a tenth of the processor time urllib takes.
"""

import socket
import sys

TIMEOUT_SECONDS = 4


def main() -> int:
    """0 where `GET /-/ready` is answered 200."""
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), TIMEOUT_SECONDS) as connection:
            connection.sendall(b"GET /-/ready HTTP/1.0\r\n\r\n")
            answer = connection.recv(64)
    except OSError as error:
        print(f"not ready: {error}")
        return 1
    print(answer.partition(b"\r\n")[0].decode("latin-1"))
    return 0 if answer.split(b" ")[1:2] == [b"200"] else 1


if __name__ == "__main__":
    sys.exit(main())
