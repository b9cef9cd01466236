namespace Serenity.Onnx.Models;

/// <summary>Where nodes are in the bytes of a model: messages that hold nodes, and the numbers of their fields in Schema/onnx.proto.</summary>
internal static class WireNodes
{
    public const string Graph = "GraphProto", Node = "NodeProto", Attribute = "AttributeProto", Function = "FunctionProto", Training = "TrainingInfoProto";

    public const int ModelGraph = 7, ModelTraining = 20, ModelFunctions = 25;

    public const int GraphNode = 1, GraphInitializer = 5, GraphInput = 11, GraphOutput = 12;

    public const int NodeType = 4, NodeAttribute = 5, NodeDomain = 7, NodeOverload = 8, AttributeName = 1, AttributeGraph = 6, AttributeGraphs = 11, AttributeReference = 21;

    public const int FunctionName = 1, FunctionNode = 7, FunctionDomain = 10, FunctionDefaults = 11, FunctionOverload = 13;

    /// <summary>The type of the message in a field, if there may be nodes in it; null for all else.</summary>
    /// <param name="type">Type of the message that the field is of.</param>
    /// <param name="field">The field's number.</param>
    public static string? PartOf(string type, int field) => (type, field) switch
    {
        ("ModelProto", ModelGraph) or (Training, 1 or 2) => Graph,
        ("ModelProto", ModelTraining) => Training,
        ("ModelProto", ModelFunctions) => Function,
        (Graph, GraphNode) or (Function, FunctionNode) => Node,
        (Node, NodeAttribute) or (Function, FunctionDefaults) => Attribute,
        (Attribute, AttributeGraph or AttributeGraphs) => Graph,
        _ => null,
    };
}
