//! Errors of ports, with the option that chooses another port.

use lookalike_local_cloud::StartError;

/// Makes an error that names the option for another port than the one that cannot be used.
pub(super) fn unusable(option: &str, port: u16, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!(
                "port {port} is taken: choose another with {option}, or 0 for a free one"
            )
        }
        std::io::ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("this machine does not have the address that --bind names: {error}")
        }
        _ => anyhow::anyhow!("cannot listen on port {port}: {error}: choose another with {option}"),
    }
}

/// Turns an error of the local cloud into one that names the option.
pub(super) fn name_the_option(error: StartError) -> anyhow::Error {
    let option = |service| match service {
        "S3" => "--s3-port",
        "SQS" => "--sqs-port",
        "AWS" => "--aws-port",
        _ => "--dynamodb-port",
    };
    match error {
        StartError::PortTaken { service, port } => {
            unusable(option(service), port, &std::io::ErrorKind::AddrInUse.into())
        }
        StartError::Listen {
            service,
            port,
            source,
        } => unusable(option(service), port, &source),
        other => other.into(),
    }
}
