"""Programs that people run, each as a shell script that starts its servers and ends them.

A script is given $DIR, a directory of its own, and $PORT, which was free a moment ago. Servers run
in the foreground as children of the script, so that both observers see them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PRELUDE: Final = """
set -eu
trap 'test -z "$(jobs -p)" || kill $(jobs -p)' EXIT
ready() { until nc -z 127.0.0.1 "$PORT" 2>/dev/null; do sleep 0.02; done; }
"""


class RealProgram(NamedTuple):
    """One script and what it needs installed."""

    name: str
    needs: tuple[str, ...]
    script: str
    least: int
    """How many calls there are to compare at the very least: less means that nothing happened."""


_NGINX_CONF: Final = """
daemon off;
user root;
worker_processes 2;
error_log $DIR/error.log;
pid $DIR/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $DIR/body;
    proxy_temp_path $DIR/proxy;
    fastcgi_temp_path $DIR/fastcgi;
    uwsgi_temp_path $DIR/uwsgi;
    scgi_temp_path $DIR/scgi;
    sendfile on;
    server {
        listen 127.0.0.1:$PORT;
        location / { root $DIR; }
        location /proxied { proxy_pass http://127.0.0.1:$PORT/index.html; }
    }
}
"""

REAL_PROGRAMS: Final = (
    RealProgram(
        "curl and http.server",
        ("curl", "python3", "nc"),
        """
        echo hello > $DIR/index.html
        python3 -m http.server --bind 127.0.0.1 --directory $DIR $PORT 2>$DIR/log &
        ready
        curl -s -o $DIR/got http://127.0.0.1:$PORT/index.html
        curl -s http://127.0.0.1:$PORT/no http://127.0.0.1:$PORT/ > $DIR/got2
        kill $!
        wait || true
        cmp $DIR/index.html $DIR/got
        """,
        60,
    ),
    RealProgram(
        "nginx under wrk",
        ("nginx", "wrk", "curl", "nc"),
        f"""
        head -c 5000 /dev/zero > $DIR/index.html
        cat > $DIR/nginx.conf <<END
{_NGINX_CONF}
END
        nginx -p $DIR -c $DIR/nginx.conf -e $DIR/error.log &
        ready
        curl -s -f -o $DIR/got http://127.0.0.1:$PORT/proxied
        wrk -t1 -c4 -d1s http://127.0.0.1:$PORT/index.html > $DIR/log
        kill -QUIT $!
        wait
        cmp $DIR/index.html $DIR/got
        """,
        500,
    ),
    RealProgram(
        "redis-server and redis-cli",
        ("redis-server", "redis-cli", "nc"),
        """
        redis-server --port $PORT --bind 127.0.0.1 --unixsocket $DIR/sock --save "" \
            --dir $DIR > $DIR/log &
        ready
        redis-cli -p $PORT set key value
        test "$(redis-cli -s $DIR/sock get key)" = value
        redis-cli -p $PORT --raw eval 'return redis.call("incr", "n")' 0
        redis-cli -p $PORT shutdown nosave || true
        wait
        """,
        80,
    ),
    RealProgram(
        "socat",
        ("socat", "nc"),
        """
        socat TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork EXEC:cat &
        ready
        test "$(echo hello | socat -t 2 - TCP:127.0.0.1:$PORT)" = hello
        kill $!
        socat UNIX-LISTEN:$DIR/sock SYSTEM:'cat; exit' &
        until test -S $DIR/sock; do sleep 0.02; done
        test "$(echo again | socat -t 2 - UNIX-CONNECT:$DIR/sock)" = again
        wait || true
        """,
        40,
    ),
    RealProgram(
        "nc",
        ("nc",),
        """
        nc -l -N 127.0.0.1 $PORT < /etc/hostname > $DIR/received &
        until echo hello | nc -N 127.0.0.1 $PORT > $DIR/sent; do sleep 0.02; done
        wait
        test "$(cat $DIR/received)" = hello
        """,
        10,
    ),
    RealProgram(
        "sshd and ssh-keyscan",
        ("/usr/sbin/sshd", "ssh-keyscan", "ssh-keygen", "nc"),
        """
        mkdir -p /run/sshd
        ssh-keygen -q -t ed25519 -N '' -f $DIR/key
        /usr/sbin/sshd -D -e -f /dev/null -p $PORT -h $DIR/key -o ListenAddress=127.0.0.1 \
            -o PidFile=none 2> $DIR/log &
        ready
        ssh-keyscan -t ed25519 -p $PORT 127.0.0.1 > $DIR/keys 2>> $DIR/log
        kill $!
        wait || true
        grep -q ssh-ed25519 $DIR/keys
        """,
        40,
    ),
)
