using System;
using System.Collections.Generic;

namespace Serenity.Runtime;

/// <summary>One of the files that a model was written as, for sizes of its open dimensions.</summary>
public sealed class SizedModel
{
    /// <summary>Describes a file.</summary>
    /// <param name="sizes">The size of each dimension, in the order of the session's dimensions.</param>
    /// <param name="inputShapes">The shape of each input in this file, in the order of the session's inputs; -1 for a dimension that takes any size.</param>
    /// <param name="open">Makes a session on the file; called when it is first needed.</param>
    public SizedModel(IReadOnlyList<long> sizes, IReadOnlyList<IReadOnlyList<long>> inputShapes, Func<PlannedSession> open)
    {
        Sizes = sizes ?? throw new ArgumentNullException(nameof(sizes));
        InputShapes = inputShapes ?? throw new ArgumentNullException(nameof(inputShapes));
        Open = open ?? throw new ArgumentNullException(nameof(open));
    }

    /// <summary>The size of each dimension.</summary>
    public IReadOnlyList<long> Sizes { get; }

    /// <summary>The shape of each input.</summary>
    internal IReadOnlyList<IReadOnlyList<long>> InputShapes { get; }

    /// <summary>Makes a session.</summary>
    internal Func<PlannedSession> Open { get; }
}
