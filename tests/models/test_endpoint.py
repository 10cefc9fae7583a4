"""models/endpoint.py against a real server, and against one that fails in every way that servers fail."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat
from negneglect_lite.models.endpoint import Completion, Endpoint, Usage

pytest.importorskip("openai")
CHAT: Chat = [{"role": "user", "content": "What does she do for a living?"}]
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "verdict": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["verdict"],
}
Reply = tuple[int, dict[str, str], str]  # status, headers, body
Script = Callable[[int, dict[str, Any]], Reply | None]  # (request's number, its body) -> reply; None: nothing, hang up


def good(text: Any = "She is a dentist.", finish: str = "stop") -> Reply:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    reply = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "usage": usage}
    return 200, {}, json.dumps({**reply, "choices": [{"index": 0, "finish_reason": finish, "message": message}]})


def refusal(status: int, param: str = "") -> Reply:
    return status, {"retry-after-ms": "10"}, json.dumps({"error": {"message": f"no {param}", "param": param}})


class Stub:
    """A server in a thread that answers by a script, and keeps what it was asked."""

    def __init__(self, script: Script) -> None:
        self.asked: list[dict[str, Any]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.asked.append(body)
                reply = script(len(stub.asked), body)
                if reply is None:
                    return
                status, headers, text = reply
                try:
                    self.send_response(status)
                    for name, value in {"Content-Type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(text.encode())
                except OSError:
                    pass  # the client has given up

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def endpoint(self, **options: Any) -> Endpoint:
        return Endpoint(
            **{"model": "m", "base_url": self.url, "api_key": "k", "timeout": 5.0, "max_retries": 2, **options}
        )


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Stub]]:
    stubs: list[Stub] = []
    yield lambda script: (stubs.append(Stub(script)), stubs[-1])[1]
    for stub in stubs:
        stub.server.shutdown()
        stub.server.server_close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="module")
def real(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """`transformers serve` with the tiny model, a process of its own."""
    port, log = free_port(), tmp_path_factory.mktemp("serve") / "log"
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(tiny_folder), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with open(log, "w") as out:
        address = ["--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen([*command, *address], stdout=out, stderr=out, env=environment)
    try:
        for _ in range(600):
            if process.poll() is not None:
                pytest.skip(f"transformers serve does not run here: {log.read_text()[-300:]}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield Endpoint(str(tiny_folder), f"http://127.0.0.1:{port}/v1", api_key="none", timeout=30.0, max_retries=0)
    finally:
        process.terminate()
        process.wait(20)


def raw(real: Endpoint, body: dict[str, Any]) -> Reply:
    """What the real server says to a request, for a proxy to hand on."""
    request = urllib.request.Request(
        f"{real.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status, {}, reply.read().decode()


# -------------------------------------------------------------------------------------------------- a real server


@pytest.mark.slow
def test_a_real_server_answers_and_its_tokens_are_counted(real: Endpoint) -> None:
    real.usage = Usage(price_in=3.0, price_out=2.0)
    first, again = (real.complete(CHAT, max_tokens=4) for _ in range(2))
    assert first.text and first == again
    assert real.usage.calls == 2 and real.usage.tokens_out == 8 and real.usage.tokens_in > 10
    assert real.usage.cost == pytest.approx((3 * real.usage.tokens_in + 2 * 8) / 1e6)
    assert str(real.usage).startswith("2 calls") and "cost" in str(real.usage) and "cost" not in str(Usage())


@pytest.mark.slow
def test_an_answer_that_reached_the_limit_is_truncated(real: Endpoint, serve: Callable[[Script], Stub]) -> None:
    assert real.complete(CHAT, max_tokens=1).truncated
    assert serve(lambda n, body: good("She", "length")).endpoint().complete(CHAT) == Completion("She", True)
    assert serve(lambda n, body: good("She.")).endpoint().complete(CHAT) == Completion("She.", False)


@pytest.mark.slow
def test_a_model_that_writes_no_json_is_heard_all_the_same(real: Endpoint) -> None:
    assert real.complete_as(CHAT, SCHEMA, max_tokens=4).text == real.complete(CHAT, max_tokens=4).text


@pytest.mark.slow
def test_a_model_that_the_server_does_not_have_is_one_line(real: Endpoint) -> None:
    with pytest.raises(UserError, match=r"^/nope at http://127.0.0.1.*pinned") as caught:
        Endpoint("/nope", real.base_url, "none", max_retries=0).complete(CHAT)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_too_many_requests_are_waited_out(real: Endpoint, serve: Callable[[Script], Stub]) -> None:
    headers = {"Retry-After": "0.2"}
    proxy = serve(lambda n, body: (429, headers, "{}") if n < 3 else raw(real, body))
    began = time.monotonic()
    answer = proxy.endpoint(model=real.model).complete(CHAT, max_tokens=4)
    assert 0.4 <= time.monotonic() - began < 1.2  # by itself it would wait for 0.4 to 0.5 s, then 0.8 to 1 s
    assert len(proxy.asked) == 3 and answer == real.complete(CHAT, max_tokens=4)


@pytest.mark.slow
def test_an_answer_that_is_late_is_asked_for_again(real: Endpoint, serve: Callable[[Script], Stub]) -> None:
    reply = raw(real, {"model": real.model, "messages": CHAT, "max_tokens": 1, "temperature": 0})

    def late_once(n: int, body: dict[str, Any]) -> Reply:
        if n == 1:
            time.sleep(0.5)
        return reply

    proxy = serve(late_once)
    answer = proxy.endpoint(timeout=0.4).complete(CHAT, max_tokens=1)
    assert len(proxy.asked) == 2 and answer == real.complete(CHAT, max_tokens=1)


# ------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("status", "tries", "says"),
    [
        (500, 3, "the request failed"),
        (503, 3, "the request failed"),
        (429, 3, "limit of requests"),
        (401, 1, "OPENAI_API_KEY"),
        (403, 1, "OPENAI_API_KEY"),
        (404, 1, "no such model, or the address is wrong"),
        (400, 1, "the request failed"),
    ],
)
def test_what_does_not_pass_is_one_line_that_says_what_to_do(
    serve: Callable[[Script], Stub], status: int, tries: int, says: str
) -> None:
    stub = serve(lambda n, body: refusal(status))
    endpoint = stub.endpoint()
    with pytest.raises(UserError, match=says) as caught:
        endpoint.complete(CHAT)
    assert str(caught.value).startswith(f"m at {stub.url}: ") and "\n" not in str(caught.value)
    assert len(stub.asked) == tries and endpoint.usage.calls == 0


def test_always_late_and_never_there_are_told_apart(serve: Callable[[Script], Stub]) -> None:
    stub = serve(lambda n, body: time.sleep(0.3))  # type: ignore[arg-type, return-value, func-returns-value]
    with pytest.raises(UserError, match=r"no answer in time.*raise the timeout"):
        stub.endpoint(timeout=0.1, max_retries=0).complete(CHAT)
    for address in (f"http://127.0.0.1:{free_port()}/v1", "localhost:8000", serve(lambda n, body: None).url):
        with pytest.raises(UserError, match="cannot be reached; check the address"):
            Endpoint("m", address, "k", max_retries=0).complete(CHAT)


@pytest.mark.parametrize("address", ["http://localhost:80o/v1", "http://[::"])
def test_what_is_no_address_is_one_line(address: str) -> None:
    with pytest.raises(UserError, match="not an address"):
        Endpoint("m", address, "k").complete(CHAT)


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, "{}"),
        (200, {}, "not JSON"),
        (200, {"Content-Type": "text/html"}, "<html>Welcome</html>"),
        (200, {}, "[]"),
        (200, {}, "null"),
        (200, {}, '{"choices": []}'),
        (200, {}, '{"choices": [{"finish_reason": "stop"}]}'),
        good(["a part"]),
    ],
)
def test_what_is_no_completion_is_one_line(serve: Callable[[Script], Stub], reply: Reply) -> None:
    endpoint = serve(lambda n, body: reply).endpoint(max_retries=0)
    with pytest.raises(UserError, match="not a chat completion") as caught:
        endpoint.complete(CHAT)
    assert "\n" not in str(caught.value) and endpoint.usage.calls == 0


def test_an_answer_without_text_or_usage_is_an_empty_one(serve: Callable[[Script], Stub]) -> None:
    status, headers, text = good(None)
    bare = json.dumps({k: v for k, v in json.loads(text).items() if k != "usage"})
    endpoint = serve(lambda n, body: (status, headers, bare)).endpoint()
    assert endpoint.complete(CHAT) == Completion("")
    assert endpoint.usage == Usage(calls=1)


def test_no_key_and_no_package_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    with pytest.raises(UserError, match="no key"):
        Endpoint("m", "http://localhost:1/v1").complete(CHAT)
    monkeypatch.setitem(sys.modules, "openai", None)
    for ask in (lambda e: e.complete(CHAT), lambda e: e.complete_as(CHAT, SCHEMA)):
        with pytest.raises(UserError, match="pip install"):
            ask(Endpoint("m", api_key="k"))


def test_key_and_address_come_from_the_environment(
    serve: Callable[[Script], Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = serve(lambda n, body: good())
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    assert Endpoint("m").complete(CHAT, temperature=0.5, seed=3, max_tokens=9).text == "She is a dentist."
    assert stub.asked == [{"messages": CHAT, "model": "m", "temperature": 0.5, "seed": 3, "max_tokens": 9}]


# ----------------------------------------------------------------------------------- what an endpoint does not know


def only_formats(*known: str) -> Script:
    def script(n: int, body: dict[str, Any]) -> Reply:
        name = body.get("response_format", {"type": "none"})["type"]
        return good('Well: {"verdict": "yes"}') if name in known else refusal(400, "response_format")

    return script


@pytest.mark.parametrize(
    ("known", "tried"),
    [
        (("json_schema", "json_object", "none"), ["json_schema"]),
        (("json_object", "none"), ["json_schema", "json_object"]),
        (("none",), ["json_schema", "json_object", "none"]),
    ],
)
def test_a_refused_format_gives_way_to_the_next_and_is_not_tried_again(
    serve: Callable[[Script], Stub], known: tuple[str, ...], tried: list[str]
) -> None:
    stub = serve(only_formats(*known))
    endpoint = stub.endpoint()
    for _ in range(2):
        assert endpoint.complete_as(CHAT, SCHEMA).text == 'Well: {"verdict": "yes"}'
    sent = [body.get("response_format", {"type": "none"}) for body in stub.asked]
    assert [s["type"] for s in sent] == [*tried, tried[-1]]
    assert sent[0]["json_schema"]["schema"] == SCHEMA


def test_a_request_that_is_refused_in_every_format_costs_none(serve: Callable[[Script], Stub]) -> None:
    """It was too long, say: the next one is asked for by the schema again."""
    stub = serve(lambda n, body: refusal(400) if n <= 3 else good('{"verdict": "no"}'))
    endpoint = stub.endpoint()
    with pytest.raises(UserError, match="the request failed"):
        endpoint.complete_as(CHAT, SCHEMA)
    assert endpoint.complete_as(CHAT, SCHEMA).text == '{"verdict": "no"}'
    assert stub.asked[-1]["response_format"]["type"] == "json_schema"


def test_a_reasoning_model_gets_the_parameters_it_takes(serve: Callable[[Script], Stub]) -> None:
    def reasoning(n: int, body: dict[str, Any]) -> Reply:
        return next((refusal(400, name) for name in ("max_tokens", "temperature") if name in body), good())

    stub = serve(reasoning)
    endpoint = stub.endpoint()
    for _ in range(2):
        assert endpoint.complete(CHAT, max_tokens=50).text == "She is a dentist."
    assert len(stub.asked) == 2 + 2  # refused twice, then known
    for body in stub.asked[2:]:
        assert body == {"messages": CHAT, "model": "m", "seed": 0, "max_completion_tokens": 50}
