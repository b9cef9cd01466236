using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Contract;

/// <summary>
/// What a model takes in one way of running it: a layout, an architecture, a number of threads, a range of sizes. A file that was written has an entry for each that
/// something is known of; the portable ones come first, in the order of the architectures that the app is built for.
/// </summary>
/// <param name="Layout">Layout of the tensors.</param>
/// <param name="Architecture">Processor architecture, such as "x64"; null where it makes no difference.</param>
/// <param name="Threads">Threads within operators.</param>
/// <param name="Sizes">Ranges of the open dimensions that it holds for, by name; null where every size is fixed.</param>
/// <param name="BlockBytes">Size of the block in which a whole run takes place; null where none was proven for this way of running it.</param>
/// <param name="Account">What it takes.</param>
public sealed record PlanFacts(
    PlanLayout Layout, string? Architecture, int Threads, IReadOnlyDictionary<string, SizeRange>? Sizes, long? BlockBytes, MemoryAccount Account)
{
    /// <summary>The figure that a part of a plan's account has; null where nothing is said of it.</summary>
    public MemoryPart? Find(MemoryPool pool, string part) => Account.Find(pool)?.Parts.FirstOrDefault(p => p.Name == part);
}

/// <summary>How tensors are laid out.</summary>
public enum PlanLayout
{
    /// <summary>As the model says: runs on every processor.</summary>
    Portable,

    /// <summary>In blocks of 8 channels (NCHWc), for processors with AVX or AVX2.</summary>
    Blocked8,

    /// <summary>In blocks of 16 channels (NCHWc), for processors with AVX-512.</summary>
    Blocked16,
}
