//! An issuer of JWTs, with a key for each kind of signature but RSA's.

use data_encoding::BASE64URL_NOPAD;
use muxwire::auth::{Jwt, JwtRules, KeySet};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

/// The names of its keys.
pub const ED: &str = "ed-1";
pub const EC: &str = "ec-1";
pub const SHARED: &str = "shared-1";

pub struct Issuer {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    secret: [u8; 32],
    random: SystemRandom,
}

impl Issuer {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ec = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let point = EcdsaKeyPair::generate_pkcs8(ec, &random).unwrap();
        Self {
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(ec, point.as_ref(), &random).unwrap(),
            secret: ring::rand::generate(&random).unwrap().expose(),
            random,
        }
    }

    /// Its public key for EdDSA.
    pub fn ed_key(&self) -> Value {
        let x = encode(self.ed.public_key().as_ref());
        json!({ "kty": "OKP", "kid": ED, "alg": "EdDSA", "use": "sig", "crv": "Ed25519", "x": x })
    }

    /// Its public key for ES256.
    pub fn ec_key(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        json!({ "kty": "EC", "kid": EC, "alg": "ES256", "crv": "P-256", "x": x, "y": y })
    }

    /// What it shares for HS256.
    pub fn shared_key(&self) -> Value {
        json!({ "kty": "oct", "kid": SHARED, "alg": "HS256", "k": encode(&self.secret) })
    }

    /// The file of all its keys.
    pub fn keys(&self) -> String {
        key_set(&[self.ed_key(), self.ec_key(), self.shared_key()])
    }

    /// What checks its JWTs.
    pub fn checker(&self) -> Jwt {
        Jwt::new(rules(), KeySet::parse(self.keys().as_bytes()).unwrap())
    }

    /// A JWT with these claims, signed with EdDSA.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_text(&ed_header().to_string(), &claims.to_string())
    }

    /// The same for any header and claims, which need not be JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let text = join(header, claims);
        seal(&text, self.ed.sign(text.as_bytes()).as_ref())
    }

    /// Signs with ES256, whatever the header says.
    pub fn sign_ec(&self, header: &Value, claims: &Value) -> String {
        let text = join(&header.to_string(), &claims.to_string());
        let signature = self.ec.sign(&self.random, text.as_bytes()).unwrap();
        seal(&text, signature.as_ref())
    }

    /// Signs with HS256 and the secret that is shared, whatever the header says.
    pub fn sign_shared(&self, header: &Value, claims: &Value) -> String {
        sign_with(&self.secret, header, claims)
    }

    /// The bytes of its public key for EdDSA.
    pub fn ed_bytes(&self) -> &[u8] {
        self.ed.public_key().as_ref()
    }
}

/// Signs with HS256 and these bytes.
pub fn sign_with(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = join(&header.to_string(), &claims.to_string());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    seal(&text, hmac::sign(&key, text.as_bytes()).as_ref())
}

pub fn rules() -> JwtRules {
    JwtRules {
        issuer: "https://issuer.example".to_owned(),
        audience: "muxwire".to_owned(),
        permissions_claim: "permissions".to_owned(),
        sessions_claim: "sessions".to_owned(),
    }
}

pub fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub fn ed_header() -> Value {
    json!({ "alg": "EdDSA", "typ": "JWT", "kid": ED })
}

/// Claims that let somebody in who may read all sessions, until so many seconds from now.
pub fn claims(subject: &str, seconds: i64) -> Value {
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
    json!({
        "iss": "https://issuer.example", "aud": "muxwire", "sub": subject, "exp": now + seconds as f64,
        "permissions": ["read"], "sessions": ["*"],
    })
}

/// The object with some members changed; those that are null are taken away.
pub fn with(object: &Value, changes: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn join(header: &str, claims: &str) -> String {
    format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    )
}

fn seal(text: &str, signature: &[u8]) -> String {
    format!("{text}.{}", encode(signature))
}
