"""A language model behind an OpenAI-compatible endpoint, through the official client.

    judge = Endpoint("gpt-5-mini")                # OPENAI_API_KEY, OPENAI_BASE_URL from the environment
    local = Endpoint("petri", base_url="http://localhost:8000/v1", api_key="none")
    local.complete([{"role": "user", "content": "…"}]).text

The client retries what may pass (connection errors, timeouts, 408, 409, 429 and 5xx) with exponential back-off, and
heeds Retry-After. What is left becomes one UserError that says what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from negneglect_lite.core.errors import UserError
from negneglect_lite.core.text import Chat


@dataclass(frozen=True)
class Completion:
    """One answer. `truncated`: the endpoint stopped it at its limit of tokens."""

    text: str
    truncated: bool = False


@dataclass
class Usage:
    """What has been asked for so far, and what it cost, if prices are given [currency units a million tokens]."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    price_in: float = 0.0
    price_out: float = 0.0

    @property
    def cost(self) -> float:
        return (self.tokens_in * self.price_in + self.tokens_out * self.price_out) / 1e6

    def __str__(self) -> str:
        cost = f", cost {self.cost:.2f}" if self.price_in or self.price_out else ""
        return f"{self.calls} calls, {self.tokens_in} tokens in, {self.tokens_out} out{cost}"


@dataclass
class Endpoint:
    """`model` at `base_url`; key and address default to OPENAI_API_KEY and OPENAI_BASE_URL. `timeout` in seconds."""

    model: str
    base_url: str | None = None
    api_key: str | None = None
    timeout: float = 120.0
    max_retries: int = 6
    usage: Usage = field(default_factory=Usage)
    _formats: list[str] = field(default_factory=lambda: ["json_schema", "json_object", "none"])
    _unknown: set[str] = field(default_factory=set)  # parameters that the model has refused: reasoning models take few

    def complete(
        self, chat: Chat, *, max_tokens: int = 1024, temperature: float = 0.0, seed: int = 0, **more: Any
    ) -> Completion:
        """The answer to a chat. UserError if the endpoint cannot be reached, refuses, or answers with nothing."""
        openai = _openai()
        client = self._client()
        asked = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        try:
            while True:
                known = {name: value for name, value in asked.items() if name not in self._unknown}
                if "max_tokens" in self._unknown:
                    known["max_completion_tokens"] = max_tokens  # its new name
                try:
                    reply = client.chat.completions.create(model=self.model, messages=chat, **known, **more)
                    break
                except openai.BadRequestError as error:
                    if error.param not in asked or error.param in self._unknown:
                        raise
                    self._unknown.add(error.param)
            choice = reply.choices[0]
            text = choice.message.content or ""
            if not isinstance(text, str):
                raise TypeError(f"its content is a {type(text).__name__}")
            truncated = choice.finish_reason == "length"
            used = reply.usage
        except openai.OpenAIError as error:
            if isinstance(error, openai.BadRequestError) and more:
                raise  # the caller may do without what the endpoint does not know
            raise UserError(f"{self.model} at {self._where()}: {_explain(error)}") from error
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.model} at {self._where()}: the answer is not a chat completion ({error}); "
                "check that the address is of an OpenAI-compatible endpoint"
            ) from error
        self.usage.calls += 1
        for told, kept in (("prompt_tokens", "tokens_in"), ("completion_tokens", "tokens_out")):
            count = getattr(used, told, 0)  # some servers send none
            setattr(self.usage, kept, getattr(self.usage, kept) + (count if isinstance(count, int) else 0))
        return Completion(text, truncated)

    def complete_as(self, chat: Chat, schema: Mapping[str, Any], **options: Any) -> Completion:
        """The answer to a chat as JSON of the schema, as far as the endpoint knows of such things.

        A schema is asked for first; an endpoint that knows none is asked for JSON, one that knows no JSON for text.
        What the endpoint refused once is not tried again.
        """
        openai = _openai()
        for at, name in enumerate(self._formats):
            try:
                answer = self.complete(chat, **_format(name, schema), **options)
            except openai.BadRequestError as error:
                if name == self._formats[-1]:
                    raise UserError(f"{self.model} at {self._where()}: {_explain(error)}") from error
            else:
                del self._formats[:at]  # only now is it sure that the format was what was refused
                return answer
        raise AssertionError("the last format returns or raises")

    def _client(self) -> Any:
        openai = _openai()
        try:
            return openai.OpenAI(
                base_url=self.base_url, api_key=self.api_key, timeout=self.timeout, max_retries=self.max_retries
            )
        except openai.OpenAIError:
            raise UserError(
                "no key for the endpoint: set OPENAI_API_KEY, or api_key (any text for a local server)"
            ) from None
        except Exception as error:  # of the HTTP library, which openai has exchanged before
            raise UserError(f"{self._where()}: not an address ({error}); it looks like http://HOST:PORT/v1") from error

    def _where(self) -> str:
        return self.base_url or "the endpoint of OPENAI_BASE_URL"


def _openai() -> Any:
    try:
        import openai
    except ImportError:
        raise UserError("an endpoint needs the openai package: pip install 'negneglect_lite[llm]'") from None
    return openai


def _format(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    if name == "json_schema":
        return {"response_format": {"type": name, "json_schema": {"name": "verdict", "strict": True, "schema": schema}}}
    return {"response_format": {"type": name}} if name == "json_object" else {}


def _explain(error: Any) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "no answer in time, again and again; raise the timeout, or try later"
    if isinstance(error, openai.APIConnectionError):
        return "cannot be reached; check the address and the network"
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return "the key is refused; check OPENAI_API_KEY"
    if isinstance(error, openai.NotFoundError):
        return "it has no such model, or the address is wrong (it mostly ends in /v1)"
    if isinstance(error, openai.RateLimitError):
        return "the limit of requests is reached, or the account's budget; wait, or raise it"
    body = error.body if isinstance(getattr(error, "body", None), dict) else {}
    said = f"{error} {body.get('detail') or ''}"  # "detail" is where FastAPI puts its reason
    return f"the request failed ({' '.join(said.split())[:300]})"
