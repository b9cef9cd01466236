using System;
using System.Collections.Generic;

namespace Serenity.Runtime;

/// <summary>An input or output of a model that was written for several sizes.</summary>
public sealed class SizedTensor
{
    /// <summary>Describes it.</summary>
    /// <param name="name">Its name in the model.</param>
    /// <param name="axes">For each axis the dimension whose size it has; null for one that has none of these. Empty where the shape is not known.</param>
    /// <param name="padding">What a shorter input is filled with at the end of an axis, as text: <c>0</c>, <c>-100</c>, <c>1.5</c>, <c>false</c>; null where it must have the very size.</param>
    public SizedTensor(string name, IReadOnlyList<string?> axes, string? padding = null)
    {
        Name = name ?? throw new ArgumentNullException(nameof(name));
        Axes = axes ?? throw new ArgumentNullException(nameof(axes));
        Padding = padding;
    }

    /// <summary>Its name in the model.</summary>
    public string Name { get; }

    /// <summary>For each axis the dimension whose size it has; null for one that has none.</summary>
    public IReadOnlyList<string?> Axes { get; }

    /// <summary>What a shorter input is filled with; null where it must have the very size.</summary>
    public string? Padding { get; }
}
