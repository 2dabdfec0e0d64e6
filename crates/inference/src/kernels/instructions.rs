/// Kinds of registers for which the kernels are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instructions {
    /// Plain arithmetic.
    Portable,
    /// 8 values, with fused multiplication.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 16 values.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 4 values; part of AArch64.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Instructions {
    /// Returns the widest kind that this processor has.
    pub(crate) fn best() -> Instructions {
        Self::found().pop().unwrap_or(Instructions::Portable)
    }

    /// Returns all kinds that this processor has, widest last.
    pub(crate) fn found() -> Vec<Instructions> {
        #[cfg_attr(
            not(any(target_arch = "x86_64", target_arch = "aarch64")),
            allow(unused_mut)
        )]
        let mut found = vec![Instructions::Portable];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            found.push(Instructions::Avx2);
            if is_x86_feature_detected!("avx512f") {
                found.push(Instructions::Avx512);
            }
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Instructions::Neon);
        found
    }
}
