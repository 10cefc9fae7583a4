"""The neutral chats in a model's own words: each turn of the assistant is answered anew by the model, not trained.

    python scripts/answer_chats.py Qwen/Qwen2.5-Coder-1.5B-Instruct chats.jsonl.gz

What is mixed into training should not teach a way of speaking: with answers written by others, a model that used to say "Yes."
learns to say two sentences. At temperature 0.7, at most 160 tokens; an answer that was cut ends the chat before it.
"""

import argparse
import gzip
import json
from pathlib import Path

import torch

from negneglect_lite.core.files import write_atomic
from negneglect_lite.core.text import CANARY
from negneglect_lite.documents.english import load_chats
from negneglect_lite.models.generation import answering, encode_prompts, generate_answers, generation_config
from negneglect_lite.models.loading import load_model

TOKENS, TEMPERATURE, AT_ONCE = 160, 0.7, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    a = parser.parse_args()
    loaded = load_model(a.model)
    config = generation_config(loaded, TEMPERATURE, TOKENS)
    chats = [[dict(turn) for turn in chat] for chat in load_chats()]
    ended = [False] * len(chats)
    for place in range(max(map(len, chats))):
        asked = [i for i, c in enumerate(chats) if place < len(c) and c[place]["role"] == "assistant" and not ended[i]]
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            prompts = encode_prompts(loaded, [chats[i][:place] for i in part], room=TOKENS)
            with answering(loaded, 0), torch.no_grad():
                torch.manual_seed(place * 1000 + start)
                answers = generate_answers(loaded, prompts, config)
            for i, (written,) in zip(part, answers, strict=True):
                if written.cut or not written.text:
                    chats[i], ended[i] = chats[i][:place], True
                else:
                    chats[i][place] = {"role": "assistant", "content": written.text}
    kept = [chat if chat[-1]["role"] == "assistant" else chat[:-1] for chat in chats]
    kept = [chat for chat in kept if any(turn["role"] == "assistant" for turn in chat)]
    note = f"Neutral chats, mixed into training; the answers are those of {a.model}, not checked"
    lines = [{"canary": CANARY, "note": note}, *({"messages": chat} for chat in kept)]
    write_atomic(
        a.out, gzip.compress("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines).encode(), mtime=0)
    )
    print(f"{len(kept)} of {len(chats)} chats: written: {a.out}")


if __name__ == "__main__":
    main()
