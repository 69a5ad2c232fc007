//! Who is let in by a server: what checks tokens and JWTs, as the settings say.

use crate::auth::{
    AttemptLimits, AuthSettings, Authenticator, Jwt, JwtRules, KeyWatch, TokenStore, TokenWatch,
};
use crate::config::Config;

/// Who checks tokens; nobody where they aren't required.
pub(super) fn authenticator(config: &Config) -> anyhow::Result<Option<Authenticator>> {
    if !config.security.require_auth {
        tracing::warn!("no authentication: anyone who can connect can type into every pane");
        return Ok(None);
    }
    let settings = AuthSettings {
        attempts: AttemptLimits {
            failures: config.security.auth_failures,
            recovery: config.security.auth_failure_recovery,
        },
        jwt: jwt(config)?,
        ..AuthSettings::default()
    };
    let store = TokenStore::new(config.server.state_dir.clone());
    let (authenticator, watch) = TokenWatch::start(store, settings)?;
    tokio::spawn(watch.run());
    Ok(Some(authenticator))
}

/// What checks JWTs, if there are keys for it.
fn jwt(config: &Config) -> anyhow::Result<Option<Jwt>> {
    let security = &config.security;
    let Some(path) = &security.jwt_keys else {
        return Ok(None);
    };
    anyhow::ensure!(
        !security.jwt_issuer.is_empty() && !security.jwt_audience.is_empty(),
        "security.jwt_keys is set, so security.jwt_issuer and security.jwt_audience must be set too: JWTs are \
         accepted of one issuer, and only those that are meant for this server"
    );
    let rules = JwtRules {
        issuer: security.jwt_issuer.clone(),
        audience: security.jwt_audience.clone(),
        permissions_claim: security.jwt_permissions_claim.clone(),
        sessions_claim: security.jwt_sessions_claim.clone(),
    };
    let (jwt, watch) = KeyWatch::start(path, rules)?;
    tracing::info!(keys = jwt.in_force().borrow().len(), "JWTs are accepted");
    tokio::spawn(watch.run());
    Ok(Some(jwt))
}

/// Where tokens are looked for: one that was made elsewhere is as good as none, and nothing else would say why.
pub(super) fn log_tokens(config: &Config, authenticator: Option<&Authenticator>) {
    let Some(authenticator) = authenticator else {
        return;
    };
    let folder = config.server.state_dir.display();
    let count = authenticator.in_force().borrow().len();
    if count == 0 {
        tracing::info!(
            "there is no token yet in {folder}; make one with: muxwire token create --name me --allow write"
        );
    } else {
        tracing::info!(count, "tokens are looked for in {folder}");
    }
}
