"""What checkdmarc, pyspf and dkimpy say of a list of senders, as one JSON document.

Arguments: the port of a resolver on 127.0.0.1, then domains. Of each domain: SPF at bounce.DOMAIN, DMARC at DOMAIN, and
the keys at the names in the environment variable SELECTORS (DOMAIN=selector, separated by blanks).
"""

import json
import os
import sys

import checkdmarc.dmarc
import checkdmarc.spf
import dkim
import dns.resolver
import spf

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], int(sys.argv[1]), 4
dns.resolver.default_resolver = resolver


def lookup(name, kind, tcpfallback=True, timeout=4):
    """DNS as pyspf wants it told: pairs of the question and the data; TempError where nobody answers."""
    try:
        answer = resolver.resolve(name, kind)
    except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
        return []
    except Exception as fault:
        raise spf.TempError("DNS " + type(fault).__name__) from fault
    data = {
        "A": lambda record: record.address,
        "AAAA": lambda record: record.address,
        "MX": lambda record: (record.preference, record.exchange.to_text(omit_final_dot=True)),
        "PTR": lambda record: record.target.to_text(omit_final_dot=True),
        "TXT": lambda record: record.strings,
        "SPF": lambda record: record.strings,
    }[kind]
    return [((name, kind), data(record)) for record in answer]


spf.DNSLookup = lookup


def key_of(name):
    def text(owner, timeout=4):
        owner = owner.decode() if isinstance(owner, bytes) else owner
        return b"".join(resolver.resolve(owner.rstrip("."), "TXT")[0].strings)

    try:
        _, bits, kind, _ = dkim.load_pk_from_dns(name.encode() + b".", dnsfunc=text)
        return {"valid": True, "bits": bits, "kind": kind.decode() if isinstance(kind, bytes) else kind}
    except Exception as fault:
        return {"valid": False, "error": f"{type(fault).__name__}: {fault}"}


def told(domain, selectors):
    envelope = f"bounce.{domain}"
    record = checkdmarc.spf.check_spf(envelope, resolver=resolver, timeout=4, retries=0)
    policy = checkdmarc.dmarc.check_dmarc(domain, resolver=resolver, timeout=4, retries=0)
    result, why = spf.check2(i="203.0.113.9", s=f"x@{envelope}", h=envelope, timeout=4, querytime=0)
    # An address that amazonses.com publishes for itself.
    ses, _ = spf.check2(i="192.0.2.9", s=f"x@{envelope}", h=envelope, timeout=4, querytime=0)
    tags = policy.get("tags", {})
    return {
        "spf": {
            "valid": record["valid"],
            "lookups": record.get("dns_lookups"),
            "voids": record.get("void_dns_lookups"),
            "error": record.get("error"),
        },
        "pyspf": {"result": result, "why": why, "ses": ses},
        "dmarc": {
            "valid": policy["valid"],
            "location": policy.get("location"),
            "p": tags.get("p", {}).get("value"),
            "error": policy.get("error"),
        },
        "dkim": key_of(selectors[domain]) if domain in selectors else None,
    }


selectors = dict(pair.split("=", 1) for pair in os.environ.get("SELECTORS", "").split())
print(json.dumps({domain: told(domain, selectors) for domain in sys.argv[2:]}))
