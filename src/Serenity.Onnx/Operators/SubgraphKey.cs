namespace Serenity.Onnx.Operators;

/// <summary>Where a subgraph stands: the name of its node (unique in the model), its attribute, and its place in a list of graphs.</summary>
public sealed record SubgraphKey(string Node, string Attribute, int Index);
