//! Chance that can be repeated: the same seed and the same question give the same answer.

/// A seed.
#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`, for the `throw`-th question.
    pub fn throw(self, throw: u64, sides: u64) -> u64 {
        // SplitMix64.
        let mut z = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(throw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}
