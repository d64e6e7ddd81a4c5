#!/usr/bin/env python3
"""Verifies a Countersign bundle or receipt, from docs/record.md alone: no database, no network, standard library only.

    python3 verify.py BUNDLE --key notary.pub [--key MORE] [--anchor FILE_OR_FOLDER ...] [--json]

Exit 0: nothing was changed, as far as was checked. 1: something was changed. 2: the evidence is not complete.
64: called wrongly. Decisions are not made again: that takes Cedar.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import sys

MOST_LINE = 1024 * 1024
PART_BYTES = 65536
MAX_HEADER = 65534
DEEPEST = 32
ZERO = bytes(32)
EMPTY_ROOT = hashlib.sha256(b"").digest()


# ---------------------------------------------------------------- Ed25519 (RFC 8032, section 5.1.7)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def point_add(a, b):
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * a[3] * b[3] * D % P
    d = 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_mul(k, a):
    total = (0, 1, 1, 0)
    while k > 0:
        if k & 1:
            total = point_add(total, a)
        a = point_add(a, a)
        k >>= 1
    return total


def point_equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(data):
    if len(data) != 32:
        return None
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return point_equal(point_mul(s, BASE), point_add(r, point_mul(h, a)))


# ---------------------------------------------------------------- bytes and text

class Refused(Exception):
    """A line, a note or a key is not what it has to be; the message says why."""


class Untrusted(Refused):
    pass


class Stop(Exception):
    """Nothing after this place can mean anything."""


def strict_base64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


# A lone surrogate or NUL stands in no line: the record spells them out.
def canonical(value, depth=0):
    """RFC 8785 for strings, booleans, integers, lists and objects."""
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("holds NUL")
        return json.dumps(value, ensure_ascii=False)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise Refused("holds a number that is no integer")
        return str(value)
    if isinstance(value, (list, dict)) and depth >= DEEPEST:
        raise Refused("is nested too deep")
    if isinstance(value, list):
        return "[" + ",".join(canonical(one, depth + 1) for one in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k], depth + 1) for k in keys) + "}"
    raise Refused("holds null or a fraction")


def text_of(value):
    return value if isinstance(value, str) else ""


def fields_of(value):
    return value if isinstance(value, dict) else {}


def texts_of(value):
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


# ---------------------------------------------------------------- the tree (RFC 6962)

def leaf_hash(header):
    return hashlib.sha256(b"\0" + header).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Range:
    """Roots of the perfect subtrees of a tree, the largest first: one for each bit of its size."""

    def __init__(self, size=0, hashes=()):
        if bin(size).count("1") != len(hashes):
            raise Refused("has no range that fits its beginning")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf):
        node, left = leaf, self.size
        while left & 1:
            node = node_hash(self.hashes.pop(), node)
            left >>= 1
        self.hashes.append(node)
        self.size += 1

    def root(self):
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node


def split_of(size):
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def inclusion_root(index, size, leaf, proof):
    """The root that an audit path leads to; None when it has another length than it must."""
    sides, low, high = [], 0, size
    while high - low > 1:
        middle = low + split_of(high - low)
        if index < middle:
            sides.append("right")
            high = middle
        else:
            sides.append("left")
            low = middle
    if len(sides) != len(proof):
        return None
    node = leaf
    for side, sibling in zip(reversed(sides), proof):
        node = node_hash(node, sibling) if side == "right" else node_hash(sibling, node)
    return node


# ---------------------------------------------------------------- notes (c2sp.org/signed-note, tlog-checkpoint)

UNSEEN = " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def name_fits(name):
    return name != "" and "+" not in name and not any(char in UNSEEN for char in name)


def parse_key(line):
    found = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})", line)
    data = strict_base64(found[3]) if found else None
    if data is None or len(data) != 33:
        raise Refused("this is no verifier key (name+id+base64)")
    if data[0] != 1:
        raise Refused("this verifier key is not of the kind Ed25519")
    name, public = found[1], data[1:]
    if not name_fits(name):
        raise Refused("a key name is empty or holds spaces or a plus")
    if hashlib.sha256(name.encode() + b"\n\1" + public).hexdigest()[:8] != found[2]:
        raise Refused("the id of this verifier key is not that of its key")
    return (name, found[2], public)


def split_note(note):
    if len(note.encode("utf-16-le", "surrogatepass")) // 2 > 65536:
        raise Refused("the note is too long")
    if any(ord(char) < 32 and char != "\n" or 0xD800 <= ord(char) <= 0xDFFF for char in note):
        raise Refused("the note holds characters that no note may hold")
    end = note.rfind("\n\n")
    if end < 0 or not note.endswith("\n"):
        raise Refused("this is no signed note")
    lines = note[end + 2 : -1].split("\n")
    if len(lines) > 64:
        raise Refused("the note has too many signatures")
    signatures = []
    for line in lines:
        words = line.split(" ")
        data = strict_base64(words[2]) if len(words) == 3 and words[0] == "\u2014" else None
        if data is None or len(data) < 5 or not name_fits(words[1]):
            raise Refused("a signature line of the note is malformed")
        signatures.append((words[1], data[:4].hex(), data[4:]))
    return note[: end + 1], signatures


def parse_checkpoint(text):
    lines = text.split("\n")
    origin, size, root = (lines + ["", "", ""])[:3]
    if origin == "" or not re.fullmatch(r"0|[1-9][0-9]{0,15}", size) or int(size) > 2**53 - 1:
        raise Refused("this is no checkpoint: its size is no number")
    data = strict_base64(root)
    if data is None or len(data) != 32:
        raise Refused("this is no checkpoint: its root is no hash")
    more = lines[3:]
    if not more or more[-1] != "" or "" in more[:-1]:
        raise Refused("this is no checkpoint: it holds an empty line")
    epochs = [found[1] for found in (re.fullmatch(r"rebased ([1-9][0-9]{0,5})", one) for one in more[:-1]) if found]
    return origin, int(size), data, int(epochs[0]) if epochs else 1


def open_checkpoint(note, trusted, log):
    text, signatures = split_note(note)
    believed = False
    for name, key_id, signature in signatures:
        for key in trusted:
            if key[0] != name or key[1] != key_id:
                continue
            if not ed25519_verify(key[2], text.encode(), signature):
                raise Refused("the signature of %s is false" % name)
            believed = True
            break
    if not believed:
        raise Untrusted("no trusted key signed this note")
    origin, size, root, epoch = parse_checkpoint(text)
    if origin != log:
        raise Refused("this checkpoint is of another log")
    return size, root, epoch


def claimed_size(note):
    try:
        return parse_checkpoint(note[: note.rfind("\n\n") + 1])[1]
    except Refused:
        return None


# ---------------------------------------------------------------- lines

MEMBERS = {
    "bundle": {"from", "kind", "log", "notary", "payloads", "to", "v"},
    "key": {"id", "kind", "public"},
    "policy": {"engine", "kind", "schema", "schema_text", "set", "text"},
    "event": {"header", "idx", "kind"},
    "payload": {"bytes", "event_id", "kind", "part", "salt"},
    "checkpoint": {"kind", "note"},
    "anchor": {"kind", "note"},
    "end": {"events", "kind", "sha256"},
    "receipt": {"header", "idx", "kind", "leaf", "note", "proof", "v"},
}
ORDER = {"bundle": 0, "key": 1, "policy": 2, "event": 3, "payload": 3, "checkpoint": 4, "anchor": 5, "end": 6}


def no_constant(_):
    raise Refused("is no JSON")


def text_in(value, key):
    if not isinstance(value.get(key), str):
        raise Refused("has no " + key)
    return value[key]


def count_in(value, key):
    found = text_in(value, key)
    if not re.fullmatch(r"0|[1-9][0-9]{0,14}", found):
        raise Refused("has a %s that is no count" % key)
    return int(found)


def hashes_in(value, key):
    found = value.get(key)
    if not isinstance(found, list) or len(found) > 64:
        raise Refused("has no " + key)
    if not all(isinstance(one, str) and re.fullmatch(r"[0-9a-f]{64}", one) for one in found):
        raise Refused("has a %s that holds no hashes" % key)
    return [bytes.fromhex(one) for one in found]


def bytes_in(value, key):
    data = strict_base64(text_in(value, key))
    if data is None:
        raise Refused("has %s that are no base64" % key)
    return data


def parse_line(line):
    """One line with its LF: its members, checked, and the header's own bytes."""
    try:
        text = line[:-1].decode("utf-8")
        value = json.loads(text, parse_constant=no_constant)
        same = canonical(value).encode("utf-8") == line[:-1]
    except (UnicodeError, ValueError, RecursionError):
        raise Refused("is no JSON")
    if not same:
        raise Refused("is not in its one canonical form")
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in MEMBERS:
        raise Refused("is of no known kind")
    members = set(MEMBERS[kind])
    if kind in ("bundle", "receipt") and (value.get("v") != 1 or value.get("v") is True):
        raise Refused("is of another version of the format")
    if kind == "bundle" and count_in(value, "from") > 0:
        members.add("range")
    if set(value) != members:
        raise Refused("has other members than its kind")
    if "header" in members and not isinstance(value["header"], dict):
        raise Refused("has no header")
    if kind == "bundle":
        value["from"], value["to"] = count_in(value, "from"), count_in(value, "to")
        text_in(value, "log")
        value["range"] = hashes_in(value, "range") if value["from"] > 0 else []
        if value["payloads"] not in ("clear", "none") or value["notary"] not in ("own", "apart"):
            raise Refused("has an unknown member")
    elif kind in ("key", "policy"):
        for key in members:
            text_in(value, key)
    elif kind == "event":
        value["idx"] = count_in(value, "idx")
        value["jcs"] = canonical(value["header"]).encode()
    elif kind == "payload":
        text_in(value, "event_id")
        value["bytes"], value["salt"] = bytes_in(value, "bytes"), bytes_in(value, "salt")
        if not isinstance(value["part"], int) or isinstance(value["part"], bool) or value["part"] < 0:
            raise Refused("has no part")
        if len(value["bytes"]) > PART_BYTES:
            raise Refused("holds more than a part may")
        if len(value["salt"]) != 32:
            raise Refused("has no salt of 32 bytes")
    elif kind in ("checkpoint", "anchor"):
        text_in(value, "note")
    elif kind == "end":
        value["events"] = count_in(value, "events")
        text_in(value, "sha256")
    else:
        value["idx"] = count_in(value, "idx")
        value["jcs"] = canonical(value["header"]).encode()
        value["leaf"] = hashes_in({"leaf": [value["leaf"]]}, "leaf")[0]
        value["proof"] = hashes_in(value, "proof")
        text_in(value, "note")
    return value


# ---------------------------------------------------------------- one stream

TERMINAL = ("call.result", "call.error", "call.unknown")


class Stream:
    def __init__(self, name, log, partial):
        self.name, self.log, self.partial = name, log, partial
        self.prev, self.expected, self.epoch = ZERO.hex(), 1, ""
        self.begun, self.closed, self.unseen = not partial, False, 0
        self.open, self.ended = {}, set()

    def event(self, seq, header, jcs, leaf, say):
        kind = text_of(header.get("type"))
        if not self.begun:
            self.begun = True
            if seq == 1:
                self.partial = False
            else:
                self.expected, self.prev = seq, text_of(header.get("prev"))
                if kind != "stream.takeover":
                    self.epoch = text_of(header.get("epoch"))
        if len(jcs) > MAX_HEADER:
            say("its header is longer than the format allows")
        if seq != self.expected:
            say("follows %d: events between are missing" % (self.expected - 1))
        if text_of(header.get("log")) != self.log:
            say("its header says another log")
        if header.get("v") != 1 or header.get("v") is True:
            say("its header says another version of the format")
        if seq == self.expected and text_of(header.get("prev")) != self.prev:
            say("does not follow from the event before it")
        first = self.expected == 1
        if first != (kind == "stream.open"):
            say("the stream does not begin with stream.open" if first else "the stream opens twice")
        if self.closed and kind != "stream.takeover":
            say("comes after the stream was closed")
        epoch = text_of(header.get("epoch"))
        if not first and epoch != self.epoch and kind != "stream.takeover":
            say("is of an epoch that no takeover began")
        if not first and epoch == self.epoch and kind == "stream.takeover":
            say("is a takeover within one epoch")
        self.epoch, self.closed = epoch, kind == "stream.close"
        self.ends(header, kind, leaf, say)
        self.prev, self.expected = leaf.hex(), seq + 1

    def ends(self, header, kind, leaf, say):
        if kind == "call.intent":
            self.open[leaf.hex()] = text_of(header.get("call_id"))
        if kind not in TERMINAL and kind != "call.prepared":
            return
        parent = text_of(header.get("parent"))
        call = self.open.get(parent)
        if call is None and self.partial and parent not in self.ended:
            self.unseen += 1
        elif call is None:
            say(kind + " has no open intent in its stream")
        elif call != text_of(header.get("call_id")):
            say(kind + " belongs to another call than its intent")
        if kind in TERMINAL:
            self.open.pop(parent, None)
            if self.partial:
                self.ended.add(parent)

    def end(self, say):
        if self.closed:
            for call in self.open.values():
                say("call %s was never ended, and the stream is closed" % call)


# ---------------------------------------------------------------- approvals

def person_of(header):
    actor = fields_of(header.get("actor"))
    return (text_of(actor.get("iss")), text_of(actor.get("sub"))), texts_of(actor.get("groups"))


class Approvals:
    def __init__(self, report, partial):
        self.report, self.partial, self.calls = report, partial, {}
        self.events = self.unseen = 0

    def held(self, header):
        empty = {"requested": None, "requests": 0, "granted": [], "intents": [], "ended": ""}
        return self.calls.setdefault(text_of(header.get("call_id")), empty)

    def event(self, header, leaf):
        kind = text_of(header.get("type"))
        self.events += 1
        if kind == "approval.requested":
            self.held(header)["requested"] = (leaf.hex(), header)
            self.held(header)["requests"] += 1
        elif kind == "approval.granted":
            self.held(header)["granted"].append((self.events, header))
        elif kind in ("approval.rejected", "approval.expired", "approval.cancelled"):
            self.held(header)["ended"] = kind[len("approval.") :]
        if kind != "call.intent":
            return
        decision = fields_of(header.get("policy")).get("decision")
        if "approval" in header:
            self.held(header)["intents"].append((self.events, header))
        if decision == "deny":
            self.report(header, "the intent was denied by policy")
        elif "cut" in header:
            pass
        # The gateway's own runs, such as reading a catalogue, have no policy and change nothing.
        elif decision not in ("allow", "hold") and ("policy" in header or header.get("effect") != "read"):
            self.report(header, "the intent names no decision that lets it run")
        if decision == "hold" and "approval" not in header:
            self.report(header, "the intent was held by policy and has no approval")

    def unmet(self, need, granted, caller):
        found = re.fullmatch(r"([1-9][0-9]{0,5}) of (.*?)( \(self\))?", need, re.S)
        if not found:
            return "a need can not be read: " + need[:80]
        groups, self_too = found[2].split(", "), found[3] is not None
        people = set()
        for index, (person, of) in enumerate(granted):
            # The first answer of a person counts.
            if any(other == person for other, _ in granted[:index]):
                continue
            if any(group in groups for group in of) and (self_too or person != caller):
                people.add(person)
        if len(people) >= int(found[1]):
            return None
        return "was approved by %d, needed %s" % (len(people), need[:80])

    def check(self, held, at, intent):
        def say(what):
            self.report(intent, "the intent " + what)

        approval, requested = fields_of(intent.get("approval")), held["requested"]
        if requested is None and self.partial:
            self.unseen += 1
            return
        if held["requests"] > 1:
            say("is of a call that asked for approval more than once")
        if requested is None or requested[0] != text_of(approval.get("requested")):
            say("was approved by no request of its call")
            return
        asked = requested[1]
        caller = person_of(asked)[0]
        client = [text_of(fields_of(one.get("actor")).get("client")) for one in (asked, intent)]
        if caller != person_of(intent)[0] or client[0] != client[1]:
            say("is of another caller than its approval")
        names = ("tool", "target", "target_identity", "effect")
        if any(text_of(asked.get(name)) != text_of(intent.get(name)) for name in names):
            say("is of another tool, target or effect than its approval")
        if held["ended"] != "":
            say("was approved by a request that was " + held["ended"])
        # What its own stream holds after the intent came too late; events of two streams have no order but that of clocks.
        granted = [
            person_of(grant)
            for when, grant in held["granted"]
            if when < at or text_of(grant.get("stream")) != text_of(intent.get("stream"))
        ]
        needs = texts_of(fields_of(asked.get("approval")).get("needs"))
        if not needs:
            say("was approved by a request that asked nobody")
        for need in needs:
            why = self.unmet(need, granted, caller)
            if why:
                say(why)
        for by in texts_of(approval.get("by")):
            if not any(by == person[1] for person, _ in granted):
                say("names an approver who did not approve it")

    def end(self):
        spent = 0
        for held in self.calls.values():
            spent += len(held["intents"])
            for at, intent in held["intents"]:
                self.check(held, at, intent)
            for _, intent in held["intents"][1:]:
                self.report(intent, "the intent spends an approval a second time")
        return spent


# ---------------------------------------------------------------- contents

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def committed_by(header):
    """The parts by their numbers, and whether each is named once and in the record's form."""
    payload = header.get("payload", [])
    parts, sound = {}, isinstance(payload, list)
    for one in payload if sound else []:
        one = fields_of(one)
        part, commit, length = one.get("part"), text_of(one.get("commit")), text_of(one.get("len"))
        if not isinstance(part, int) or isinstance(part, bool) or part < 0 or part in parts:
            sound = False
        elif not re.fullmatch(r"[0-9a-f]{64}", commit) or not re.fullmatch(r"0|[1-9][0-9]{0,8}", length):
            sound = False
        else:
            parts[part] = (commit, length)
    return parts, sound


class Contents:
    def __init__(self, clear):
        self.clear, self.missing, self.named = clear, {}, set()
        self.parts, self.sound, self.event_id, self.last, self.seen = {}, True, "", -1, 0
        self.checked = self.erased = 0

    def event(self, header):
        (self.parts, self.sound), self.event_id = committed_by(header), text_of(header.get("event_id"))
        self.last, self.seen = -1, 0
        if header.get("type") != "retention.erase":
            return
        for one in texts_of(fields_of(header.get("detail")).get("events")):
            if one in self.missing:
                self.erased += self.missing.pop(one)
            elif UUID.fullmatch(one):
                self.named.add(one)

    def part(self, line, say):
        number = line["part"]
        if not self.clear:
            return say("holds contents, and the bundle says that it has none")
        if line["event_id"] != self.event_id:
            return say("is of another event than the one before it")
        if number <= self.last:
            return say("is not in the order of parts")
        self.last = number
        if number not in self.parts:
            return say("payload part %d is not one that the header commits to" % number)
        self.checked += 1
        commit, length = self.parts[number]
        made = hmac.new(line["salt"], line["bytes"], hashlib.sha256).hexdigest()
        if str(len(line["bytes"])) != length or not hmac.compare_digest(made.encode(), commit.encode()):
            return say("payload part %d is not what the header commits to" % number)
        self.seen += 1

    def done(self, say):
        if not self.sound:
            return say("its payload parts are malformed or named twice")
        absent = len(self.parts) - self.seen
        if not self.clear or absent <= 0:
            return
        if not UUID.fullmatch(self.event_id):
            say("has contents that are missing")
        elif self.event_id in self.named:
            self.erased += absent
        else:
            self.missing[self.event_id] = absent


# ---------------------------------------------------------------- signatures over the tree

class Notes:
    def __init__(self, log, trusted, anchors, sizes, start):
        self.log, self.trusted, self.anchors, self.sizes = log, trusted, anchors, sizes
        self.start, self.roots = start.size, {start.size: start.root(), 0: EMPTY_ROOT}
        self.found, self.strange = [], []

    def grown(self, tree):
        if tree.size in self.sizes:
            self.roots[tree.size] = tree.root()

    def judge(self, note, say):
        size, root, epoch = open_checkpoint(note, self.trusted, self.log)
        ours = self.roots.get(size)
        self.found.append((size, epoch, None if ours is None else ours == root, say))

    def note(self, note, say):
        try:
            self.judge(note, say)
        except Untrusted as why:
            size = claimed_size(note)
            if size is None:
                say("does not hold: %s" % why)
            else:
                self.strange.append((size, say))
        except Refused as why:
            say("does not hold: %s" % why)

    def end(self, size, rebased, report, incomplete, not_checked):
        for at, note in enumerate(self.anchors):
            name = "anchor %d of those brought " % (at + 1)
            try:
                self.judge(note, lambda what, name=name: report(name + what))
            except Refused as why:
                incomplete(name + "does not hold: %s" % why)
        epoch = max([one[1] for one in self.found], default=0)
        signed = before = unseen = 0
        for covers, its, right, say in self.found:
            if right:
                signed = max(signed, covers)
            elif rebased and its < epoch:
                before += 1
            elif covers > size:
                say("covers %d events and there are %d: the end is gone" % (covers, size))
            elif right is None and covers < self.start:
                unseen += 1
            else:
                say("was signed over other events than these")
        old = 0
        for covers, say in self.strange:
            if covers >= signed:
                say("was signed by no trusted key")
            else:
                old += 1
        if old:
            not_checked.append("%d older checkpoints: their key is not among the trusted ones" % old)
        if before:
            not_checked.append("%d checkpoints from before the log was rebased" % before)
        if unseen:
            not_checked.append("%d checkpoints from before this part of the log" % unseen)
        return signed


# ---------------------------------------------------------------- a bundle

class Judge:
    def __init__(self, trusted, anchors, sizes):
        self.trusted, self.anchors, self.sizes = trusted, anchors, sizes
        self.findings, self.incomplete, self.not_checked = [], [], []
        self.line, self.step, self.events, self.signed, self.spent = 0, 0, 0, 0, 0
        self.head = None
        self.ended = self.rebased = False
        self.streams, self.sets, self.in_hand = {}, set(), None

    def report(self, what, header=None, line=None):
        header = fields_of(header)
        finding = {"line": self.line if line is None else line, "what": what}
        finding.update(stream=text_of(header.get("stream")), seq=text_of(header.get("seq")))
        self.findings.append(finding)

    def here(self):
        line = self.line
        return lambda what: self.report(what, None, line)

    def lacks(self, what):
        if what not in self.incomplete:
            self.incomplete.append(what)

    def begin(self, head):
        if head["to"] < head["from"]:
            raise Refused("ends before it begins")
        self.tree = Range(head["from"], head["range"])
        self.notes = Notes(head["log"], self.trusted, self.anchors, self.sizes, self.tree)
        self.contents = Contents(head["payloads"] == "clear")
        self.approvals = Approvals(lambda header, what: self.report(what, header, 0), head["from"] > 0)
        self.head = head

    def settle(self):
        header, self.in_hand = self.in_hand, None
        if header is None:
            return
        self.contents.done(lambda what: self.report(what, header))
        if "policy" in header:
            of = fields_of(header["policy"])
            if tuple(text_of(of.get(name)) for name in ("set", "schema", "engine")) not in self.sets:
                self.lacks("the policies that decided are not in the bundle")

    def event(self, line):
        header = line["header"]
        self.settle()

        def say(what):
            self.report(what, header)

        if line["idx"] != self.tree.size:
            say("is number %d where %d follows" % (line["idx"], self.tree.size))
        name, seq = text_of(header.get("stream")), text_of(header.get("seq"))
        if not re.fullmatch(r"[1-9][0-9]{0,17}", seq):
            raise Refused("has no sequence number")
        if name not in self.streams:
            self.streams[name] = Stream(name, self.head["log"], self.head["from"] > 0)
        leaf = leaf_hash(line["jcs"])
        self.streams[name].event(int(seq), header, line["jcs"], leaf, say)
        self.tree.append(leaf)
        self.notes.grown(self.tree)
        self.approvals.event(header, leaf)
        self.contents.event(header)
        self.rebased = self.rebased or header.get("type") == "log.rebased"
        self.in_hand = header
        self.events += 1

    def policy(self, line):
        for text, name in ((line["text"], line["set"]), (line["schema_text"], line["schema"])):
            if "sha256:" + hashlib.sha256(text.encode()).hexdigest() != name:
                return self.report("its policies or its schema are not those that their hash names")
        self.sets.add((line["set"], line["schema"], line["engine"]))

    def take(self, line, digest):
        kind = line["kind"]
        if self.ended:
            raise Refused("follows the end")
        if kind == "receipt":
            raise Refused("is a receipt, in a bundle")
        if self.head is None:
            if kind != "bundle":
                raise Stop("this is no bundle: it does not begin as one")
            return self.begin(line)
        if ORDER[kind] < self.step:
            raise Refused("is not where its kind belongs")
        self.step = ORDER[kind]
        if kind == "bundle":
            raise Refused("begins the bundle a second time")
        if kind == "policy":
            self.policy(line)
        elif kind == "event":
            self.event(line)
        elif kind == "payload":
            if self.in_hand is None:
                raise Refused("follows no event")
            header = self.in_hand
            self.contents.part(line, lambda what: self.report(what, header))
        elif kind in ("checkpoint", "anchor"):
            self.settle()
            self.notes.note(line["note"], self.here())
        elif kind == "end":
            self.settle()
            self.ended = True
            if line["events"] != self.events:
                self.report("counts %d events, and there are %d" % (line["events"], self.events))
            if self.tree.size != self.head["to"]:
                self.report("does not end where the bundle says that it goes to")
            if line["sha256"] != digest():
                self.report("has the hash of other bytes than these")
            self.finish()

    def read(self, data, digest):
        self.line += 1
        try:
            self.take(parse_line(data), digest)
        except Refused as why:
            if self.head is None:
                raise Stop("this is no bundle: its first line %s" % why)
            self.report(str(why))
            raise Stop("")

    def finish(self):
        for stream in self.streams.values():
            stream.end(lambda what, name=stream.name: self.report("stream %s: %s" % (name, what), None, 0))
        for event_id, count in self.contents.missing.items():
            what = "event %s: %d payload parts are missing, and no retention.erase names them"
            self.report(what % (event_id, count), None, 0)
        self.spent = self.approvals.end()
        first, size = self.head["from"], self.tree.size
        self.signed = self.notes.end(
            size, self.rebased, lambda what: self.report(what, None, 0), self.lacks, self.not_checked
        )
        if self.events == 0:
            self.lacks("there is no event in the bundle")
        elif self.signed <= first:
            self.lacks("no checkpoint of a trusted key covers these events")
        elif size > self.signed:
            self.not_checked.append("%d events at the end: no checkpoint covers them yet" % (size - self.signed))
        if self.contents.erased:
            self.not_checked.append("%d payload parts that were erased" % self.contents.erased)
        if self.head["payloads"] == "none":
            self.not_checked.append("contents: the bundle was exported without them")
        self.not_checked.append("decisions: not checked")
        open_calls = sum(len(stream.open) for stream in self.streams.values())
        if open_calls:
            self.not_checked.append("%d calls that have not ended" % open_calls)
        if first:
            self.not_checked.append("the %d events before this part of the log" % first)
        unseen = sum(stream.unseen for stream in self.streams.values())
        if unseen:
            self.not_checked.append("%d events whose intent lies before this part of the log" % unseen)
        if self.approvals.unseen:
            what = "%d approvals whose request lies before this part of the log"
            self.not_checked.append(what % self.approvals.unseen)
        if self.head["notary"] == "own":
            self.not_checked.append("the notary ran under the gateway's own account: who takes that over can sign too")

    def result(self, why):
        if why:
            self.lacks(why)
        elif not self.ended and not self.findings:
            self.lacks("the bundle has no end: it was cut off")
        return {
            "exit": 1 if self.findings else 2 if self.incomplete else 0,
            "kind": "bundle",
            "log": self.head["log"] if self.head else "",
            "events": self.events,
            "signed": self.signed,
            "approvals": self.spent,
            "findings": self.findings,
            "incomplete": self.incomplete,
            "notChecked": self.not_checked,
        }


def closing_lines(file):
    """Checkpoints and anchors at the file's end, as far as they can be told: the sizes at which roots are needed."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - 16 * MOST_LINE)
    found, end, carry = [], size, b""
    while end > start:
        begin = max(0, end - 65536)
        file.seek(begin)
        whole = file.read(end - begin) + carry
        end = begin
        first = 0 if begin == 0 else whole.find(b"\n") + 1
        if first == 0 and begin > 0:
            carry = whole
            if len(carry) > MOST_LINE:
                return found
            continue
        carry = whole[:first]
        for line in reversed(whole[first:].split(b"\n")):
            if line == b"":
                continue
            if not line.startswith((b'{"kind":"checkpoint"', b'{"kind":"anchor"', b'{"events":')):
                return found
            found.append(line)
    return found


def wanted_sizes(file, anchors):
    notes = list(anchors)
    for line in closing_lines(file):
        try:
            notes.append(json.loads(line.decode()).get("note"))
        except (ValueError, UnicodeError, RecursionError, AttributeError):
            pass
    sizes = (claimed_size(note) for note in notes if isinstance(note, str))
    return {size for size in sizes if size is not None}


def verify_bundle(path, trusted, anchors):
    with open(path, "rb") as file:
        judge = Judge(trusted, anchors, wanted_sizes(file, anchors))
        file.seek(0)
        digest, why = hashlib.sha256(), ""
        try:
            while True:
                line = file.readline(MOST_LINE + 1)
                if line == b"":
                    break
                if len(line) > MOST_LINE:
                    raise Stop("line %d is longer than 1 MiB" % (judge.line + 1))
                if not line.endswith(b"\n"):
                    raise Stop("line %d has no end: the file is cut off" % (judge.line + 1))
                judge.read(line, digest.hexdigest)
                digest.update(line)
        except Stop as stop:
            why = str(stop)
    return judge.result(why)


def verify_receipt(data, trusted):
    findings, log = [], ""
    try:
        if data.find(b"\n") != len(data) - 1:
            raise Refused("is followed by more")
        line = parse_line(data)
        if line["kind"] != "receipt":
            raise Refused("is no receipt")
        log = text_of(line["header"].get("log"))
        if leaf_hash(line["jcs"]) != line["leaf"]:
            findings.append("its bytes do not hash to its leaf")
        try:
            size, root, _ = open_checkpoint(line["note"], trusted, log)
        except Refused as why:
            raise Refused("its checkpoint does not hold: %s" % why)
        if line["idx"] >= size or inclusion_root(line["idx"], size, line["leaf"], line["proof"]) != root:
            findings.append("its proof does not lead to the signed root")
    except Refused as why:
        findings.append(str(why))
    return {
        "exit": 1 if findings else 0,
        "kind": "receipt",
        "log": log,
        "events": 1,
        "signed": 0 if findings else 1,
        "approvals": 0,
        "findings": [{"line": 1, "stream": "", "seq": "", "what": what} for what in findings],
        "incomplete": [],
        "notChecked": ["contents, and every event but this one"],
    }


# ---------------------------------------------------------------- the command

def read_text(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def read_anchors(paths):
    notes = []
    for path in paths:
        names = sorted(name for name in os.listdir(path) if name.endswith(".note")) if os.path.isdir(path) else [""]
        notes += [read_text(os.path.join(path, name) if name else path) for name in names]
    return notes


def verify_file(path, key_files, anchor_paths):
    trusted = []
    for file in key_files:
        lines = read_text(file).split("\n")
        keys = [parse_key(line) for line in (lines[:-1] if lines[-1] == "" else lines)]
        if not keys:
            raise Refused("%s holds no key" % file)
        trusted += keys
    with open(path, "rb") as file:
        start = file.read(10)
        whole = start + file.read(MOST_LINE) if start == b'{"header":' else b""
    if whole and len(whole) <= MOST_LINE:
        return verify_receipt(whole, trusted)
    return verify_bundle(path, trusted, read_anchors(anchor_paths))


def shown(text):
    return "".join(char if char.isprintable() else "\\u{%x}" % ord(char) for char in text)


def main():
    parser = argparse.ArgumentParser(description="Verifies a Countersign bundle or receipt.")
    parser.add_argument("file")
    parser.add_argument("--key", action="append", required=True, help="the notary's public key (notary.pub)")
    parser.add_argument("--anchor", action="append", default=[], help="an anchor of your own, or a folder of them")
    parser.add_argument("--json", action="store_true")
    try:
        options = parser.parse_args()
    except SystemExit as stop:
        return 64 if stop.code else 0
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        seen = verify_file(options.file, options.key, options.anchor)
    except (OSError, Refused, UnicodeError) as why:
        print("could not be checked: %s" % why, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"ok": seen["exit"] == 0, **seen}))
        return seen["exit"]
    print(
        {
            0: "Nothing was changed, as far as was checked.",
            1: "The %s is not what was signed: %d places are wrong." % (seen["kind"], len(seen["findings"])),
            2: "The evidence is not complete.",
        }[seen["exit"]]
    )
    print("%s: %d events, signed up to %d; %d approvals spent." % (shown(seen["log"]), seen["events"], seen["signed"], seen["approvals"]))
    for one in seen["findings"][:100]:
        place = ("line %d: " % one["line"] if one["line"] else "") + (
            "stream %s event %s: " % (shown(one["stream"]), shown(one["seq"])) if one["seq"] else ""
        )
        print("  " + place + shown(one["what"]))
    for what in seen["incomplete"]:
        print("  incomplete: " + shown(what))
    for what in seen["notChecked"]:
        print("  " + (what if what.startswith("decisions:") else "not checked: " + shown(what)))
    return seen["exit"]


if __name__ == "__main__":
    sys.exit(main())
