//! The system that a command works against.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use lookalike_aws::{
    Clients, Cloud, Settings, SqsDeadLetters, encoders, sdk_config, stack_outputs,
};
use lookalike_core::ports::NoMetrics;
use lookalike_core::{Encoders, MemoryBudget};
use lookalike_indexing::{IndexSettings, Indexer};
use lookalike_search::{SearchSettings, Searcher};

use crate::args::TargetArguments;
use crate::connection::Connection;

/// Names the stack if no option names a system.
const STACK: &str = "LOOKALIKE_STACK";

const BACKFILL_QUEUE: &str = "LOOKALIKE_BACKFILL_QUEUE_URL";

/// Outputs of the stack, by the variable of the same meaning.
const STACK_OUTPUTS: [(&str, &str); 8] = [
    ("LOOKALIKE_CATALOG_BUCKET", "CatalogBucket"),
    ("LOOKALIKE_INDEX_BUCKET", "IndexBucket"),
    ("LOOKALIKE_INDEX_PREFIX", "IndexPrefix"),
    ("LOOKALIKE_TABLE", "Table"),
    ("LOOKALIKE_QUEUE_URL", "ChangesQueueUrl"),
    (BACKFILL_QUEUE, "BackfillQueueUrl"),
    ("LOOKALIKE_ENCODER", "Encoder"),
    ("LOOKALIKE_FILTERABLE", "FilterableAttributes"),
];

/// Outputs of the stack with the URLs of its dead-letter queues. Stacks of an older template have the first alone.
const DEAD_LETTER_OUTPUTS: [&str; 3] = [
    "DeadLettersUrl",
    "ProductDeadLettersUrl",
    "InvocationDeadLettersUrl",
];

/// Output of the stack that says what its functions may use.
const ENGINE_OUTPUT: &str = "Engine";
/// Its value if that includes vector bases.
const VECTOR_BASES: &str = "dynamodb";

/// Connected buckets, table and queue.
pub(crate) struct Target {
    pub(crate) settings: Settings,
    pub(crate) cloud: Cloud,
    /// The dead-letter queues of a stack; none for another system.
    pub(crate) dead_letters: Vec<SqsDeadLetters>,
    /// False if the functions of a stack lack the permissions for vector bases.
    pub(crate) allows_vector_bases: bool,
    /// True if this is a stack, whose queues and functions answer late.
    pub(crate) is_stack: bool,
    /// The memory for decoding images, shared by indexer and searcher.
    image_memory: MemoryBudget,
}

impl Target {
    /// Connects to the system in the arguments, otherwise to that in the environment.
    pub(crate) async fn connect(arguments: &TargetArguments) -> Result<Self> {
        match (&arguments.stack, &arguments.data) {
            (Some(stack), _) => Self::of_stack(stack).await,
            (None, Some(data)) => Self::of_connection(&Connection::read(data)?),
            // Read here and not by the parser, which would report a conflict with --data.
            (None, None) => match std::env::var(STACK) {
                Ok(stack) if !stack.is_empty() => Self::of_stack(&stack).await,
                _ => Self::of_environment().await,
            },
        }
    }

    fn new(settings: Settings, cloud: Cloud) -> Self {
        Self {
            settings,
            cloud,
            dead_letters: Vec::new(),
            allows_vector_bases: true,
            is_stack: false,
            image_memory: MemoryBudget::of_machine(),
        }
    }

    async fn of_environment() -> Result<Self> {
        let settings = Settings::from_env().context(
            "no system is named: use --stack NAME, --data DIR of a running `lookalike serve`, \
             or set the variables that `serve` prints",
        )?;
        let cloud = Cloud::connect(&settings).await?;
        Ok(Self {
            is_stack: true,
            ..Self::new(settings, cloud)
        })
    }

    /// Returns the system of a running `serve`.
    pub(crate) fn of_connection(connection: &Connection) -> Result<Self> {
        let variables: HashMap<_, _> = connection.environment().into_iter().collect();
        let settings = Settings::read(|name| match variables.get(name) {
            Some(value) => Some(value.clone()),
            // One queue takes both there.
            None if name == BACKFILL_QUEUE => Some(connection.queue_url.clone()),
            // Other settings, such as the encoder, are this process's own.
            None => std::env::var(name).ok(),
        })?;
        let clients = Clients::local(
            &connection.s3_url,
            &connection.dynamodb_url,
            &connection.sqs_url,
            &connection.access_key,
            &connection.secret_key,
            &connection.region,
        );
        let cloud = Cloud::with_clients(clients, &settings);
        Ok(Self::new(settings, cloud))
    }

    async fn of_stack(stack: &str) -> Result<Self> {
        let config = sdk_config().await?;
        let outputs = stack_outputs(&config, stack).await?;
        let settings = Settings::read(|name| {
            let output = STACK_OUTPUTS.iter().find(|(variable, _)| *variable == name);
            match output.and_then(|(_, output)| outputs.get(*output)) {
                // The stack's value for the built-in encoder.
                Some(value) if value == "embedded" => None,
                Some(value) => Some(value.clone()),
                None => std::env::var(name).ok(),
            }
        })
        .with_context(|| format!("stack {stack:?} lacks outputs of the lookalike template"))?;
        let clients = Clients::from_config(&config, settings.path_style)?;
        let cloud = Cloud::with_clients(clients, &settings);
        let queues = DEAD_LETTER_OUTPUTS
            .iter()
            .filter_map(|name| outputs.get(*name));
        let dead_letters = queues.map(|url| cloud.dead_letters(url)).collect();
        let engine = outputs.get(ENGINE_OUTPUT);
        Ok(Self {
            dead_letters,
            is_stack: true,
            allows_vector_bases: engine.is_some_and(|engine| engine == VECTOR_BASES),
            ..Self::new(settings, cloud)
        })
    }

    /// Returns the configured encoder and those stored beside the index, each loaded on first use.
    pub(crate) fn encoders(&self) -> Encoders {
        encoders(&self.settings, &self.cloud)
    }

    /// Returns an indexer on this system.
    pub(crate) fn indexer(&self, encoders: Encoders) -> Indexer {
        let ports = self.cloud.index_ports(encoders, Arc::new(NoMetrics));
        let settings = IndexSettings {
            filterable: self.settings.filterable.clone(),
            image_memory: self.image_memory.clone(),
            engine_lag: match self.is_stack {
                true => IndexSettings::default().engine_lag,
                // The local engine shows writes at once.
                false => Duration::ZERO,
            },
            ..IndexSettings::default()
        };
        Indexer::new(ports, settings)
    }

    /// Returns a searcher on this system.
    pub(crate) fn searcher(&self, encoders: Encoders) -> Searcher {
        let ports = self.cloud.search_ports(encoders, Arc::new(NoMetrics));
        let settings = SearchSettings {
            refresh: self.settings.refresh,
            filterable: self.settings.filterable.clone(),
            image_memory: self.image_memory.clone(),
        };
        Searcher::new(ports, settings)
    }
}
