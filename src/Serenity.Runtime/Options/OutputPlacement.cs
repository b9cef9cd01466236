namespace Serenity.Runtime;

/// <summary>Where the outputs of a run lie.</summary>
public enum OutputPlacement
{
    /// <summary>
    /// In the block, where the plan has a place for them: a run takes not one byte beside it. Dispose of them before the next run. They stay valid if you do not, but what the
    /// next run wanted to put in their place comes from the heap and counts as unplanned.
    /// </summary>
    InBlock,

    /// <summary>
    /// Tensors are copied to the heap when the run is over, so that they may be kept as long as you like. The run itself takes what it takes with <see cref="InBlock"/>.
    /// Tensors of strings, sequences and maps are not copied.
    /// </summary>
    Copied,

    /// <summary>On the heap from the start: they may be kept as long as you like, nothing is copied, and their places in the block stay empty.</summary>
    OnHeap,
}
