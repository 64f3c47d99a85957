"""What a user of Anthropic's client for Python does."""

import json

import anthropic
from calls import ANTHROPIC_CLASSES, failure_of, serve

# Output tokens at most: a field without which Anthropic's API takes no message.
MAX_TOKENS = 20_000


def client(call):
    timeout = {} if call["timeoutMs"] is None else {"timeout": call["timeoutMs"] / 1000}
    return anthropic.Anthropic(
        # This client appends /v1/messages to its base URL.
        base_url=call["baseUrl"].removesuffix("/v1"),
        api_key=call["apiKey"],
        max_retries=call["maxRetries"],
        **timeout,
    )


def params(call):
    tool = {
        "name": call["tool"]["name"],
        "description": call["tool"]["description"],
        "input_schema": call["tool"]["parameters"],
    }
    offered = {"tools": [tool]} if call["offersTool"] else {}
    messages = [{"role": "user", "content": call["prompt"]}]
    return {
        "model": call["model"],
        "max_tokens": MAX_TOKENS,
        "messages": messages,
        **offered,
    }


def messages(call, seen):
    note(seen, client(call).messages.create(**params(call)))


def messages_stream(call, seen):
    pieces = 0
    with client(call).messages.stream(**params(call)) as stream:
        for text in stream.text_stream:
            seen["text"] += text
            pieces += 1
            if pieces == call["leavesAfter"]:
                return
        note(seen, stream.get_final_message())


def note(seen, message):
    texts = [block.text for block in message.content if block.type == "text"]
    seen["text"] = "".join(texts)
    seen["finish"] = message.stop_reason
    seen["usage"] = {
        "input": message.usage.input_tokens,
        "output": message.usage.output_tokens,
    }
    for block in message.content:
        if block.type == "tool_use":
            arguments = json.dumps(block.input, separators=(",", ":"))
            seen["tools"].append({"name": block.name, "arguments": arguments})


def read_failure(error):
    """Its errors have a type where OpenAI's have a code."""
    failure = failure_of(anthropic, error, ANTHROPIC_CLASSES)
    return failure | {"code": getattr(error, "type", None)}


if __name__ == "__main__":
    serve({"messages": messages, "messages stream": messages_stream}, read_failure)
