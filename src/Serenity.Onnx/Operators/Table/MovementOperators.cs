using Serenity.Onnx.Operators.Regions;
using static Serenity.Onnx.Operators.InputRole;
using static Serenity.Onnx.Operators.OperatorTraits;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Operators that compute nothing: views, and those that move elements.</summary>
internal static class MovementOperators
{
    public static IEnumerable<Operator> All =>
    [
        View("", "Reshape", Sizes, MovementRegions.Reshape),
        View("", "Flatten", Control, MovementRegions.View),
        View("", "Squeeze", Control, MovementRegions.View),
        View("", "Unsqueeze", Sizes, MovementRegions.View),
        View(OperatorDomain.Microsoft, "ExpandDims", Control, null),

        Moves("Transpose", new(Data), MovementRegions.Transpose),
        Moves("Slice", new(Data, Control), MovementRegions.Slice) with { Traits = PassesElements | ReadsWhatItGives },
        Moves("Split", new(Data, Control), MovementRegions.Split),
        Moves("Gather", new(Data, Indices), MovementRegions.Gather),
        Moves("GatherElements", new(Data, Indices), null) with { Traits = None },
        Moves("GatherND", new(Data, Control), null) with { Traits = None },
        Moves("Expand", new(Data, Sizes), MovementRegions.Expand),
        Moves("Tile", new(Data, Sizes), MovementRegions.Tile),
        Moves("DepthToSpace", new(Data), MovementRegions.DepthToSpace),
        Moves("SpaceToDepth", new(Data), MovementRegions.SpaceToDepth),
        Moves("Pad", new(Data, Sizes, Control), MovementRegions.Pad) with { Traits = None },
        Moves("CenterCropPad", new(Data, Sizes), null) with { Traits = None },
        Moves("Resize", new(Data, Control, Control, Sizes), ResizeRegions.Resize) with { Traits = None },
        Moves("Upsample", new(Data, Sizes), ResizeRegions.Resize) with { Traits = None },
        new("", "Concat", 1, OperatorKind.Concat) { Region = q => MovementRegions.Concat(q, 0, "axis", 1) },
    ];

    private static Operator View(string domain, string name, InputRole second, Func<RegionQuery, NodeRegion?>? region) =>
        new(domain, name, 1, OperatorKind.View) { Traits = SharesFirst | PassesElements | KeepsValues, Roles = new(Data, second), Region = region };

    private static Operator Moves(string name, InputRoles roles, Func<RegionQuery, NodeRegion?>? region) =>
        new("", name, 1, OperatorKind.Movement) { Traits = PassesElements, Roles = roles, Region = region };
}
