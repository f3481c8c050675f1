use proptest::prelude::*;

use super::tokens::Lexer;
use super::*;

/// Results as `method=result reason ptype.name=value (comment)`, one in each line.
fn shown(header: &AuthResults) -> Vec<String> {
    let result = |one: &MethodResult| {
        let mut words = vec![format!("{}={}", one.method, one.result)];
        words.extend(one.reason.iter().map(|reason| format!("reason={reason}")));
        words.extend(one.properties.iter().map(|property| match &property.ptype {
            Some(ptype) => format!("{ptype}.{}={}", property.name, property.value),
            None => format!("{}={}", property.name, property.value),
        }));
        words.extend(one.comments.iter().map(|comment| format!("({comment})")));
        words.join(" ")
    };
    header.results.iter().map(result).collect()
}

fn check(text: &str, id: Option<&str>, results: &[&str], oddities: &[Oddity]) {
    let header = parse(text);
    assert_eq!(header.authserv_id.as_deref(), id, "{text}");
    assert_eq!(shown(&header), results, "{text}");
    assert_eq!(header.oddities, oddities, "{text}");
}

#[test]
fn the_examples_of_the_grammar_are_read() {
    // After RFC 8601 §B.1 to §B.7, with domains of our own.
    check("example.org 1; none", Some("example.org"), &[], &[]);
    check("example.org;none", Some("example.org"), &[], &[]);
    check("example.org", Some("example.org"), &[], &[]);
    check(
        " example.com;\r\n\tspf=pass smtp.mailfrom=a.example",
        Some("example.com"),
        &["spf=pass smtp.mailfrom=a.example"],
        &[],
    );
    check(
        "example.com; auth=pass (cram-md5) smtp.auth=sender@a.example; spf=fail smtp.mailfrom=a.example",
        Some("example.com"),
        &["auth=pass smtp.auth=sender@a.example (cram-md5)", "spf=fail smtp.mailfrom=a.example"],
        &[],
    );
    check(
        "foo.example (a comment (with another) and a \\) ) 1 ; dkim/1 = fail ( as (expected) )\r\n policy (\"a\") . \
         expired = 1362471462",
        Some("foo.example"),
        &["dkim=fail policy.expired=1362471462 (as (expected)) (\"a\")"],
        &[],
    );
    check(
        "\"quoted id\"; dkim=pass reason=\"good; (really)\" header.i=@mail-router.example header.b=\"q/w+e=\"",
        Some("quoted id"),
        &["dkim=pass reason=good; (really) header.i=@mail-router.example header.b=q/w+e="],
        &[],
    );
    assert_eq!(parse("example.org 1; spf=none").version.as_deref(), Some("1"));
    assert_eq!(parse("example.org; dkim/2=pass").results[0].version.as_deref(), Some("2"));
}

#[test]
fn the_dialects_of_providers_are_read() {
    check(
        "spf=pass (sender IP is 192.0.2.38)\r\n smtp.mailfrom=bounce.shop.example; dkim=pass (signature was verified)\r\n \
         header.d=shop.example;dmarc=pass action=none header.from=shop.example;compauth=pass\r\n reason=100",
        None,
        &[
            "spf=pass smtp.mailfrom=bounce.shop.example (sender IP is 192.0.2.38)",
            "dkim=pass header.d=shop.example (signature was verified)",
            "dmarc=pass action=none header.from=shop.example",
            "compauth=pass reason=100",
        ],
        &[],
    );
    check(
        "atlas1.yahoo.com; dkim=unknown; dmarc=pass(p=NONE,sp=QUARANTINE) header.from=shop.example;",
        Some("atlas1.yahoo.com"),
        &["dkim=unknown", "dmarc=pass header.from=shop.example (p=NONE,sp=QUARANTINE)"],
        &[],
    );
    check("mx.zohomail.eu; dkim=pass;", Some("mx.zohomail.eu"), &["dkim=pass"], &[]);
    // A VERP address has an equals sign of its own.
    check(
        "mx.example; spf=pass smtp.mailfrom=news+anna=gmail.com@shop.example smtp.helo= header.from=x.example",
        Some("mx.example"),
        &["spf=pass smtp.mailfrom=news+anna=gmail.com@shop.example smtp.helo= header.from=x.example"],
        &[],
    );
}

#[test]
fn what_follows_no_grammar_is_read_as_far_as_it_goes() {
    check("", None, &[], &[]);
    check(";;;", None, &[], &[]);
    check("mx.example dkim=pass", Some("mx.example"), &["dkim=pass"], &[Oddity::NoSemicolon]);
    check(
        "mx.example; header.d=x; spf=pass",
        Some("mx.example"),
        &["header.d=x", "spf=pass"],
        &[Oddity::StrayProperty],
    );
    check("mx.example (open; dkim=pass", Some("mx.example"), &[], &[Oddity::OpenComment]);
    check("mx.example; dkim=\"pass; spf=pass", Some("mx.example"), &["dkim=pass; spf=pass"], &[Oddity::OpenQuote]);
    check(
        "mx.example; spf=pass (domain of x) dkim=pass (designates) smtp.mailfrom=x",
        Some("mx.example"),
        &["spf=pass dkim=pass smtp.mailfrom=x (domain of x) (designates)"],
        &[],
    );
    check(
        "mx.example; spf=pass ) x",
        Some("mx.example"),
        &["spf=pass"],
        &[Oddity::StrayWord, Oddity::StrayParenthesis],
    );
    check("=;=x;a=", None, &["=", "=x", "a="], &[Oddity::StrayProperty]);
    let many = format!("mx.example;{}", "dkim=pass;".repeat(1000));
    let header = parse(&many);
    assert_eq!((header.results.len(), header.oddities.as_slice()), (MOST_RESULTS, &[Oddity::TooMany][..]));
    let deep = format!("mx.example; dkim=pass {}", "(".repeat(1_000_000));
    assert_eq!(parse(&deep).oddities, [Oddity::OpenComment], "no recursion, no overflow");
}

#[test]
fn a_result_names_its_domain_where_it_can() {
    let domain = |text: &str| parse(text).results[0].domain();
    for (text, wanted) in [
        ("x; dkim=pass header.d=Shop.Example. header.i=@other", Some("shop.example")),
        ("x; dkim=pass header.i=news@Shop.example", Some("shop.example")),
        ("dkim=none (message not signed) header.d=none", None),
        ("x; dkim=pass", None),
        ("x; spf=pass smtp.mailfrom=<a@b@shop.example>", Some("shop.example")),
        ("x; spf=pass smtp.mailfrom=shop.example", Some("shop.example")),
        ("x; spf=pass smtp.mailfrom= smtp.helo=mta.shop.example", None),
        ("x; spf=none smtp.helo=mta.shop.example", Some("mta.shop.example")),
        ("x; dmarc=fail header.from=shop.example", Some("shop.example")),
        ("x; iprev=pass smtp.remote-ip=192.0.2.1", None),
    ] {
        assert_eq!(domain(text).as_deref(), wanted, "{text}");
    }
}

#[test]
fn every_word_becomes_one_of_the_registry_or_none() {
    let registry = ["none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror"];
    for word in registry {
        assert_eq!(rfc_word(word), Some(word));
    }
    for (word, wanted) in [
        ("unknown", Some("none")),
        ("bestguesspass", Some("none")),
        ("perm_fail", Some("permerror")),
        ("skipped", None),
        ("", None),
    ] {
        assert_eq!(rfc_word(word), wanted, "{word}");
    }
}

/// A text from pieces that matter to the grammar.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "mx.google.com",
        "dkim",
        "spf",
        "dmarc",
        "=",
        "pass",
        "fail",
        ";",
        " ",
        "\r\n ",
        "\t",
        "(",
        ")",
        "\"",
        "\\",
        ".",
        "header.i=@",
        "smtp.mailfrom=",
        "reason=",
        "none",
        "/",
        "1",
        "é",
        "\u{0}",
        "\u{202e}",
        "\n",
        "a@b",
    ]);
    prop_oneof![prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat()), any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_in_one_pass(text in hostile()) {
        let mut lexer = Lexer::new(&text);
        let tokens = lexer.by_ref().count();
        prop_assert_eq!(lexer.taken, text.chars().count(), "each character is taken once");
        prop_assert!(tokens <= text.chars().count());
        let header = parse(&text);
        prop_assert!(header.results.len() <= MOST_RESULTS);
    }

    #[test]
    fn folding_changes_nothing(text in hostile(), fold in prop::sample::select(vec!["\r\n ", "\r\n\t", "\n  ", " \r\n \t", "  "])) {
        let folded: String = text.chars().flat_map(|c| if c == ' ' { fold.to_owned() } else { c.to_string() }.chars().collect::<Vec<_>>()).collect();
        // A backslash makes the next character literal, and that one a fold would be.
        prop_assume!(!text.contains("\\ "));
        prop_assert_eq!(parse(&folded), parse(&text));
    }
}
