namespace Microsoft.Build.Framework;

/// <summary>
/// Tells a multithreaded MSBuild (<c>-mt</c>), which looks for the attribute by its name, that a task may share its process: it uses only
/// absolute paths and no state of the process. The reference assembly we compile against, old enough for every supported SDK, has none.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
