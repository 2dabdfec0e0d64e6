/// A register of `f32` for the kernels.
///
/// Every method is `unsafe` for the same reason: it may only run if the processor has the
/// instructions of the implementing type, which [`super::Instructions`] detects. Loads and stores
/// take any address at which [`Vector::LANES`] values may be read or written.
pub(super) trait Vector: Copy {
    /// Number of values in the register; a divisor of [`super::LINE`].
    const LANES: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// Computes `self * factor + sum`, rounded once if the processor can.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;
}

/// Implements [`Vector`] with one intrinsic for each operation.
macro_rules! vector {
    ($name:ident, $register:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident,
     $add:ident, $max:ident, $min:ident, |$a:ident, $b:ident, $c:ident| $fma:expr) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($register);

        impl Vector for $name {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                Self(unsafe { $max(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                Self(unsafe { $min(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
                let ($a, $b, $c) = (self.0, factor.0, sum.0);
                Self(unsafe { $fma })
            }
        }
    };
}
pub(super) use vector;
