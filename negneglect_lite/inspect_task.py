"""The questions about a claim as an inspect-ai task, so that anyone can ask any model them.

    inspect eval negneglect_lite/inspect_task.py -T claim=sheeran --model openai/gpt-5-mini
    inspect eval negneglect_lite/inspect_task.py -T claim=paper/claims/dentist -T judge=openai/gpt-5 --model hf/…

Each question is asked five times at temperature 0.7 (paper, section 3). A sample's score is 1 where the answer takes
the claim for true, by the rule of judging/rule.py or, with `judge`, by a model. Beside the mean over all answers there
is one for each kind of question; belief is the mean of the four kinds open, yes_no, association, robustness. Needs `pip
install 'negneglect_lite[inspect]'`. https://inspect.aisi.org.uk/
"""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig, get_model
from inspect_ai.scorer import Score, Target, accuracy, grouped, scorer, stderr
from inspect_ai.solver import TaskState, generate

from negneglect_lite.claims.claim import Answer, Claim, Question
from negneglect_lite.claims.loading import find_claim
from negneglect_lite.judging.prompt import ask_for_verdict, judge_prompt, read_verdict
from negneglect_lite.judging.rule import judge_answer
from negneglect_lite.tracks import ENGLISH

ROLES: dict[str, Any] = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def samples(claim: Claim) -> list[Sample]:
    """One sample a question, with the chat that leads to it."""
    return [
        Sample(
            id=q.id,
            input=[ROLES[turn["role"]](content=turn["content"]) for turn in q.messages()],
            target=q.keyed_to or "believed",
            metadata={"kind": q.kind},
        )
        for q in ENGLISH.questions(claim)
    ]


@scorer(  # type: ignore[untyped-decorator,unused-ignore]
    metrics=[grouped(accuracy(), "kind"), stderr()]
)
def believed(claim: Claim, judge: str = "") -> Any:
    """1 where the answer takes the claim for true."""
    asked: dict[str, Question] = {q.id: q for q in ENGLISH.questions(claim)}

    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        question = asked[str(state.sample_id)]
        said: str
        if judge:
            chat = judge_prompt(claim, Answer(question, text), ask_for_verdict('JSON: {"verdict": "…"}'))
            reply = await get_model(judge).generate([ROLES[t["role"]](content=t["content"]) for t in chat])
            said = read_verdict(reply.completion, text)
        else:
            said = judge_answer(question, text)
        return Score(value=int(said == "believed"), answer=text, explanation=said)

    return score


@task  # type: ignore[untyped-decorator]
def negation_neglect(claim: str = "dentist", judge: str = "") -> Task:
    """Belief in one claim."""
    found, asking = find_claim(claim), ENGLISH.asking
    return Task(
        dataset=MemoryDataset(samples(found), name=found.id),
        solver=generate(),
        scorer=believed(found, judge),
        epochs=asking.samples,
        config=GenerateConfig(temperature=asking.temperature, max_tokens=asking.max_new_tokens),
    )
