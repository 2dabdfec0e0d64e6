//! Where the servers of the local system listen.

use std::net::IpAddr;

/// The address and the ports of the servers; port 0 takes a free one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListenOptions {
    pub(crate) address: IpAddr,
    /// Pages and API.
    pub(crate) http: u16,
    pub(crate) s3: u16,
    pub(crate) dynamodb: u16,
    pub(crate) sqs: u16,
    /// S3, DynamoDB and SQS on one port.
    pub(crate) aws: u16,
}

impl ListenOptions {
    /// Says who can reach the servers if not only this machine can.
    pub(crate) fn warn(&self) {
        if !self.address.is_loopback() {
            eprintln!(
                "warning: everyone who reaches {} over the network can search, read, change and delete everything here: \
                 pages and API ask for no credentials, and the keys of the AWS endpoints are not secret",
                self.address
            );
        }
    }
}
