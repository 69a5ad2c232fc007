//! Web Push: telling browsers whose pages are closed.
//!
//! A browser subscribes at a push service of its maker, and gives the server the address and two keys. What is sent there is
//! encrypted for the browser (RFC 8188, 8291), and signed with a key of this server's (RFC 8292), so that the service can neither
//! read it nor take it from anybody else.
//!
//! Reading order: `subscription` (who wants to be told of what), `endpoint` (where that is sent, and where it may be), `vapid` (the
//! server's key), `encrypt` (for one browser's eyes), `form` (JSON), `store` (the files), [`PushDesk`] (what is in force in a running
//! server), `subjects` (what there is to tell of), `notices` (what is told, and when). Sending is done by `connectors`. Time is a
//! parameter.

mod desk;
mod encrypt;
mod endpoint;
mod form;
mod notices;
mod record;
mod store;
mod subjects;
mod subscription;
mod vapid;
mod words;

pub use self::desk::{
    Delivery, DeliveryLog, Outcome, PushDesk, PushError, PushSettings, TestRequest,
};
pub use self::encrypt::{BrowserKeys, EncryptError, encrypt};
pub use self::endpoint::{Endpoint, EndpointError, EndpointRules};
pub use self::form::{NewSubscription, PushMessage, read_new_subscription};
pub use self::notices::{Notices, Step};
pub use self::store::{PushStore, PushStoreError};
pub use self::subjects::{Standing, Subject, Told};
pub use self::subscription::{Kind, Kinds, Quiet, Subscription, Wishes};
pub use self::vapid::{VapidError, VapidKey};
pub use crate::private_file::PrivateFileError;
