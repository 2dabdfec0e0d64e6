use std::fmt;

/// The reason why a model and its preprocessing file do not make an encoder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The preprocessing file asks for something that is missing, malformed or not supported.
    #[error("preprocessor_config.json: `{field}`: {reason}")]
    Preprocessing {
        /// The field at fault, dotted if nested; `(file)` if the file is not a JSON object.
        field: String,
        /// The expected value.
        reason: String,
    },
    /// The model is not an ONNX file, or its operators are inconsistent.
    #[error("model.onnx cannot be loaded: {reason}; expected an ONNX network with weights inside")]
    Model {
        /// The fault that the loader found.
        reason: String,
    },
    /// Weights are in a separate file.
    #[error(
        "model.onnx: {count} of its tensors lie in {file:?}, expected one file with weights inside; join \
         them in Python: onnx.save(onnx.load(\"model.onnx\"), \"joined.onnx\"), or export with \
         external_data=False"
    )]
    ExternalWeights {
        /// Number of tensors that are in another file.
        count: usize,
        /// The file that the first of them names.
        file: String,
    },
    /// Tensors have a shape but no values.
    #[error(
        "model.onnx: expected weights inside, found {count} tensors without values, the first is {name:?} \
         of shape {shape:?}; export the network again, with its parameters"
    )]
    MissingWeights {
        /// Number of tensors without values.
        count: usize,
        /// Name of the first.
        name: String,
        /// Shape of the first.
        shape: Vec<i64>,
    },
    /// The network uses unsupported operators.
    #[error(
        "model.onnx: cannot run the operators {names}{}; export the network with plain ONNX operators",
        inlining(*functions)
    )]
    Operators {
        /// The operators, with the domain of those that are not standard ONNX.
        names: String,
        /// Number of functions that the file itself defines.
        functions: usize,
    },
    /// The network has not exactly one input.
    #[error(
        "model.onnx: expected one input, the pixels; found {found}: {names}; export the network \
         with the pixels alone"
    )]
    Inputs {
        /// Number of inputs.
        found: usize,
        /// Their names.
        names: String,
    },
    /// The network's input does not take the pixels that the preprocessing file describes.
    #[error(
        "model.onnx: preprocessing makes pixels of shape {expected:?}, the network takes {found}; {advice}"
    )]
    InputShape {
        /// Shape of the pixels after preprocessing.
        expected: [usize; 4],
        /// Element type and shape that the network declares.
        found: String,
        /// The remedy.
        advice: String,
    },
    /// The network has not exactly one output.
    #[error(
        "model.onnx: expected one output, the pooled features; found {found}: {names}; export the network \
         with this output alone"
    )]
    Outputs {
        /// Number of outputs.
        found: usize,
        /// Their names.
        names: String,
    },
    /// The network's output is not one vector per image.
    #[error("model.onnx: expected an output f32 [1, D] or [1, D, 1, 1], found {found}; {advice}")]
    OutputShape {
        /// Element type and shape of the output.
        found: String,
        /// The remedy.
        advice: String,
    },
}

/// Makes the error for a model that the loader rejects, with all its causes.
pub(crate) fn failed(error: impl fmt::Display) -> LoadError {
    LoadError::Model {
        reason: format!("{error:#}"),
    }
}

/// Returns advice for a file that defines functions of its own, which are not inlined here.
fn inlining(functions: usize) -> String {
    match functions {
        0 => String::new(),
        count => format!(
            "; it defines {count} functions, which onnx.inliner.inline_local_functions puts in their place"
        ),
    }
}
