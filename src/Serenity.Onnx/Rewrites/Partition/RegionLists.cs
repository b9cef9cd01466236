using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Room for what belongs to a region while it is found out whether it is one: a search looks at thousands, one after the other.</summary>
internal sealed class RegionLists
{
    /// <summary>Its nodes.</summary>
    public List<int> Nodes { get; } = [];

    /// <summary>Their rules.</summary>
    public List<NodeRegion> Rules { get; } = [];

    /// <summary>Steps that run before it.</summary>
    public List<int> Before { get; } = [];

    /// <summary>Steps that run after it.</summary>
    public List<int> Behind { get; } = [];

    /// <summary>Values that leave it.</summary>
    public List<int> Exits { get; } = [];

    /// <summary>Those that nothing in it reads.</summary>
    public List<int> Sinks { get; } = [];

    /// <summary>Leaves it empty.</summary>
    public RegionLists Clear()
    {
        Nodes.Clear();
        Rules.Clear();
        Before.Clear();
        Behind.Clear();
        Exits.Clear();
        Sinks.Clear();
        return this;
    }
}
