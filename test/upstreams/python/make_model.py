"""Writes a tiny Llama with random weights, always the same: python make_model.py <file.gguf>

It says common English words in an order that means nothing. It never ends by itself, and hardly
repeats a word at once: some servers break off an answer that goes in circles.
"""

import sys

import numpy
from gguf import GGUFWriter, TokenType

WORDS = """the of and to in is was for on that with as it at by from his her they we you are be
this have or had not but what all were when there can an your which their said if do will each
about how up out them then she many some so these would other into has more two like him see time
could no make than first been its who now people my made over did down only way find use may water
long little very after words called just where most know""".split()

SPACE = "\u2581"  # as the tokenizer writes it
VISIBLE = [chr(code) for code in range(33, 127)]
LAYERS, WIDTH, HEADS, INNER, CONTEXT = 2, 64, 4, 128, 8192
EPSILON = 1e-5
UNLIKELY = -1000.0
NEVER = -100.0
DECIDED = 4  # above 1, the next word is hardly ever in doubt

random = numpy.random.default_rng(7)


def matrix(*shape):
    return (random.standard_normal(shape) / numpy.sqrt(shape[-1])).astype(numpy.float32)


def add_vocabulary(writer):
    """Adds all tokens; returns how many there are, and the first that is a word."""
    special = ["<unk>", "<s>", "</s>"]
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = [SPACE, *VISIBLE]
    words = [SPACE + word for word in WORDS]
    tokens = special + byte_tokens + letters + words
    first_word = len(tokens) - len(words)
    types = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    types += [TokenType.BYTE] * len(byte_tokens)
    types += [TokenType.NORMAL] * (len(letters) + len(words))
    scores = [0.0] * (len(special) + len(byte_tokens)) + [UNLIKELY] * len(letters)
    scores += [-float(rank) for rank in range(len(words))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types([int(kind) for kind in types])
    writer.add_token_scores(scores)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    return len(tokens), first_word


def add_weights(writer, tokens, first_word):
    heard = matrix(tokens, WIDTH)
    heard[:, 0] = 1  # and so it stays in all layers
    words = first_word + random.permutation(tokens - first_word)
    said = numpy.zeros((tokens, WIDTH), numpy.float32)
    said[numpy.roll(words, 1)] = heard[words] * DECIDED  # each word brings another to mind
    said[:first_word, 0] = NEVER  # no piece of a letter, and no end
    ones = numpy.ones(WIDTH, numpy.float32)
    writer.add_tensor("token_embd.weight", heard)
    writer.add_tensor("output.weight", said)
    writer.add_tensor("output_norm.weight", ones)
    square, wide = (WIDTH, WIDTH), (INNER, WIDTH)
    shapes = {"attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square}
    shapes |= {"ffn_gate": wide, "ffn_up": wide, "ffn_down": (WIDTH, INNER)}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            weights = matrix(*shape)
            if name in ("attn_output", "ffn_down"):
                weights[0] = 0
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", ones)


def main(path):
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_file_type(0)
    tokens, first_word = add_vocabulary(writer)
    writer.add_vocab_size(tokens)
    writer.add_chat_template(
        "{% for one in messages %}{{ one.role }}: {{ one.content }}\n{% endfor %}assistant:"
    )
    add_weights(writer, tokens, first_word)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main(sys.argv[1])
