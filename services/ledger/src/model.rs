//! The data that core and index share. Plain types; both import them, and neither the other.

pub mod answer;
pub mod batch;
pub mod pending;
pub mod publication;
pub mod state;
pub mod subject;
pub mod topic;
pub mod trouble;

pub use self::batch::{Applied, Audited, Batch};
pub use self::pending::{PendingView, Segment};
pub use self::publication::Publication;
pub use self::state::State;
pub use self::subject::Subject;
pub use self::topic::{TopicBatch, TopicRecord};
pub use self::trouble::{Condition, Trouble};
