"""What a user of OpenAI's client for Python does."""

import base64
import hashlib

import openai
from calls import failure_of, serve


def client(call):
    timeout = {} if call["timeoutMs"] is None else {"timeout": call["timeoutMs"] / 1000}
    return openai.OpenAI(
        base_url=call["baseUrl"],
        api_key=call["apiKey"],
        max_retries=call["maxRetries"],
        **timeout,
    )


def chat_params(call):
    messages = [{"role": "user", "content": call["prompt"]}]
    tools = [{"type": "function", "function": call["tool"]}]
    offered = {"tools": tools} if call["offersTool"] else {}
    return {"model": call["model"], "messages": messages, **offered}


def usage_of(usage):
    return usage and {"input": usage.prompt_tokens, "output": usage.completion_tokens}


def chat(call, seen):
    answer = client(call).chat.completions.create(**chat_params(call))
    choice = answer.choices[0]
    seen["text"] = choice.message.content or ""
    seen["finish"] = choice.finish_reason
    seen["usage"] = usage_of(answer.usage)
    for tool in choice.message.tool_calls or []:
        seen["tools"].append(
            {"name": tool.function.name, "arguments": tool.function.arguments}
        )


def chat_stream(call, seen):
    asked = {"stream_options": {"include_usage": True}} if call["asksUsage"] else {}
    stream = client(call).chat.completions.create(
        **chat_params(call), stream=True, **asked
    )
    pieces = 0
    for chunk in stream:
        if chunk.usage:
            seen["usage"] = usage_of(chunk.usage)
        # Users who did not ask for usage read choices[0] of every chunk.
        if not chunk.choices and call["asksUsage"]:
            continue
        choice = chunk.choices[0]
        seen["text"] += choice.delta.content or ""
        if choice.finish_reason is not None:
            seen["finish"] = choice.finish_reason
        for tool in choice.delta.tool_calls or []:
            add_tool(seen["tools"], tool)
        pieces += 1 if choice.delta.content else 0
        if pieces == call["leavesAfter"]:
            stream.close()
            return


def add_tool(tools, delta):
    if delta.index == len(tools):
        tools.append({"name": "", "arguments": ""})
    tools[delta.index]["name"] += delta.function.name or ""
    tools[delta.index]["arguments"] += delta.function.arguments or ""


COMPLETION_TOKENS = 20_000


def completions(call, seen):
    answer = client(call).completions.create(
        model=call["model"], prompt=call["prompt"], max_tokens=COMPLETION_TOKENS
    )
    seen["text"] = answer.choices[0].text
    seen["finish"] = answer.choices[0].finish_reason
    seen["usage"] = usage_of(answer.usage)


def completions_stream(call, seen):
    asked = {"stream_options": {"include_usage": True}} if call["asksUsage"] else {}
    stream = client(call).completions.create(
        model=call["model"],
        prompt=call["prompt"],
        max_tokens=COMPLETION_TOKENS,
        stream=True,
        **asked,
    )
    pieces = 0
    for chunk in stream:
        if chunk.usage:
            seen["usage"] = usage_of(chunk.usage)
        if not chunk.choices and call["asksUsage"]:
            continue
        choice = chunk.choices[0]
        seen["text"] += choice.text
        if choice.finish_reason is not None:
            seen["finish"] = choice.finish_reason
        pieces += 1 if choice.text else 0
        if pieces == call["leavesAfter"]:
            stream.close()
            return


def responses_params(call):
    tools = [{"type": "function", "strict": False, **call["tool"]}]
    offered = {"tools": tools} if call["offersTool"] else {}
    return {"model": call["model"], "input": call["prompt"], **offered}


def responses(call, seen):
    response = client(call).responses.create(**responses_params(call))
    seen["text"] = response.output_text
    note_response(seen, response)


def responses_stream(call, seen):
    stream = client(call).responses.create(**responses_params(call), stream=True)
    pieces = 0
    for event in stream:
        if event.type == "response.output_text.delta":
            seen["text"] += event.delta
            pieces += 1
            if pieces == call["leavesAfter"]:
                stream.close()
                return
        if event.type in ("response.completed", "response.failed", "response.incomplete"):
            note_response(seen, event.response)


def note_response(seen, response):
    seen["finish"] = response.status
    usage = response.usage
    seen["usage"] = usage and {"input": usage.input_tokens, "output": usage.output_tokens}
    for item in response.output:
        if item.type == "function_call":
            seen["tools"].append({"name": item.name, "arguments": item.arguments})


def models(call, seen):
    seen["data"] = [model.id for model in client(call).models.list()]


def embeddings(call, seen):
    answer = client(call).embeddings.create(
        model=call["model"], input=[call["prompt"], "another text"]
    )
    seen["data"] = [item.embedding for item in answer.data]
    seen["usage"] = {"input": answer.usage.prompt_tokens, "output": 0}


def moderations(call, seen):
    answer = client(call).moderations.create(model=call["model"], input=call["prompt"])
    seen["data"] = [result.flagged for result in answer.results]


def images(call, seen):
    answer = client(call).images.generate(model=call["model"], prompt=call["prompt"])
    seen["data"] = [digest((one.b64_json or one.url).encode()) for one in answer.data]


def speech(call, seen):
    answer = client(call).audio.speech.create(
        model=call["model"], input=call["prompt"], voice="alloy"
    )
    seen["data"] = digest(answer.content)


def transcription(call, seen):
    recording = ("recording.wav", b"RIFF....WAVEfmt a recording")
    answer = client(call).audio.transcriptions.create(model=call["model"], file=recording)
    seen["text"] = answer.text


def digest(content):
    """Bytes that nobody wants to read, but to compare."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


if __name__ == "__main__":
    serve(
        {
            "chat": chat,
            "chat stream": chat_stream,
            "completions": completions,
            "completions stream": completions_stream,
            "responses": responses,
            "responses stream": responses_stream,
            "models": models,
            "embeddings": embeddings,
            "moderations": moderations,
            "images": images,
            "speech": speech,
            "transcription": transcription,
        },
        lambda error: failure_of(openai, error),
    )
