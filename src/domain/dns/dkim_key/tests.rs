use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use proptest::prelude::*;

use super::*;

const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApb4d9KFxNKpiRTKY4ZzeC8dpV25ML3qfi6HO7WiuTR99ljqXM5p6ZmnUfyeasGlDU9vQjvG3XCc2pAld9+aRf1PNIlWpOP3lvhJpzScB7y5B5Dh57U0fj1AjXBd9u+muvA8kPbr5M6fVwHDcILAXZ6QhAovm2IcUdzvIW0Be6NYXml9K4bYKDIl1of483UlK5gJokJicS1wzbaCaWDL5ZjmeufO19zH5cwdjcHS+GGhJWvjfoXJKNyOo8xRnAtmLbLt0amlJ/eyeJZbOIHVaiKQwR0VkRWxbB2uG6XNCys92Gvg7OnaLbNZlH/Yp9Vch5KphFu9iLVzwgeUItg0LyQIDAQAB";
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCkCzH5Fi1JP1RNChlY1DORYqjACp8iOiA72g/CNwRQHTFbz8YNcf89CrnW8EFUyAMSn4PD18VLndqewLWFKgKa8IErQmennqlfS7Mou3fURgnM1Q52toJUjWLlsyqpy3dPDs/TmMcg9QjRrEZIiill0fSjo3NkHbG3jb5YeZjF0wIDAQAB";
const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALnUVwsUvLRm6N1OzyYtc+h/bNVBtkE8JyaEL/Bq1SucT/fHd0OsqTGoTNDPONYCMioJv3wuIfYhV4PqlfH2y30CAwEAAQ==";
const ED25519: &str = "o6YvC0O9KCsSQuNZCq4b7toAV9GBWP5ot6BKfP0yjlQ=";

fn cut(end: usize) -> String {
    RSA_2048.chars().take(end).collect()
}

#[test]
fn the_length_of_a_key_is_read_out_of_the_key() {
    for (text, key) in [
        (format!("v=DKIM1; k=rsa; p={RSA_2048}"), Key::Rsa(2048)),
        (format!("p={RSA_1024}"), Key::Rsa(1024)),
        (
            format!("k=rsa;p= {} ;", RSA_1024.chars().map(|c| format!("{c} ")).collect::<Vec<_>>().concat()),
            Key::Rsa(1024),
        ),
        (format!("p={}", RSA_512.trim_end_matches('=')), Key::Rsa(512)),
        (format!("v=DKIM1; k=ed25519; p={ED25519}"), Key::Ed25519),
        ("v=DKIM1; p=".to_owned(), Key::Revoked),
    ] {
        let record = KeyRecord::parse(&text);
        assert_eq!((record.key, record.faults), (key, Vec::<String>::new()), "{text}");
    }
    // The bare RSAPublicKey begins 22 octets into the 1024-bit key above.
    let whole = data_encoding::BASE64.decode(RSA_1024.as_bytes()).unwrap();
    let bare = data_encoding::BASE64.encode(&whole[22..]);
    assert_eq!(KeyRecord::parse(&format!("p={bare}")).key, Key::Rsa(1024));
}

#[test]
fn what_receivers_turn_down_is_named() {
    for (text, part) in [
        ("v=DKIM1; k=rsa".to_owned(), "no p="),
        ("p=MIIB*".to_owned(), "no base64"),
        (format!("p={}", cut(200)), "no RSA key"),
        (format!("k=ed25519; p={RSA_1024}"), "32 octets"),
        (format!("k=dsa; p={RSA_1024}"), "do not know"),
    ] {
        let key = KeyRecord::parse(&text).key;
        assert!(matches!(&key, Key::Unreadable(why) if why.contains(part)), "{text}: {key:?}");
    }
    for (text, part) in [
        (format!("k=rsa; v=DKIM1; p={RSA_1024}"), "stand first"),
        (format!("v=DKIM2; p={RSA_1024}"), "DKIM1"),
        (format!("h=sha1; p={RSA_1024}"), "sha256"),
        (format!("s=other; p={RSA_1024}"), "email"),
        (format!("hello; p={RSA_1024}"), "no tag"),
        (format!("p={RSA_1024}; p={RSA_1024}"), "p= stands twice"),
        (format!("P={RSA_1024}"), "small letters"),
    ] {
        let faults = KeyRecord::parse(&text).faults;
        assert!(faults.iter().any(|fault| fault.contains(part)), "{text}: {faults:?}");
    }
    for (text, is_good) in
        [(format!("p={RSA_2048}"), true), (format!("k=ed25519; p={ED25519}"), true), ("p=".to_owned(), false)]
    {
        assert_eq!(DomainKey::parse(text.as_bytes()).is_ok(), is_good, "another reader, of {text}");
    }
    assert!(KeyRecord::parse(&format!("t=s:y; p={RSA_1024}")).testing);
    assert!(!KeyRecord::parse(&format!("t=s; p={RSA_1024}")).testing);
}

proptest! {
    #[test]
    fn any_record_is_read_and_the_same_each_time(text in "\\PC{0,120}", octets in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(KeyRecord::parse(&text), KeyRecord::parse(&text));
        let coded = data_encoding::BASE64.encode(&octets);
        let _whatever = KeyRecord::parse(&format!("p={coded}"));
    }

    #[test]
    fn a_key_cut_anywhere_is_never_taken_for_a_whole_one(end in 1..390_usize) {
        let text = format!("p={}", cut(end));
        prop_assert!(matches!(KeyRecord::parse(&text).key, Key::Unreadable(_)));
    }
}
