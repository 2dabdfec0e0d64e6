//! Names in place of those of an AWS account.

/// The region of everything.
pub(crate) const REGION: &str = "us-east-1";
/// The account that everything belongs to.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The name of the queue.
pub(crate) const QUEUE: &str = "lookalike-changes";
/// The queue's name in policies and events: region, account and name as above.
pub(crate) const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:lookalike-changes";

/// The only access key; fixed, because only processes of this machine reach the servers.
pub(crate) const ACCESS_KEY: &str = "local";
pub(crate) const SECRET_KEY: &str = "locallocal";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_has_one_name() {
        assert_eq!(QUEUE_ARN, format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"));
    }
}
