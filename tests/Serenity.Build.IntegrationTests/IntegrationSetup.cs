namespace Serenity.Build.IntegrationTests;

/// <summary>Before all tests: the package is there, and no earlier pack of it is in the package folder. After them: nothing is left running.</summary>
[TestClass]
public static class IntegrationSetup
{
    [AssemblyInitialize]
    public static void Start(TestContext context)
    {
        if (PackedPackage.File.Length == 0)
            Assert.Fail("There is no packed package in artifacts/packages. Run ./build.sh pack first.");
        string unpacked = Path.Combine(PackedPackage.PackageFolder, "serenity.build");
        if (Directory.Exists(unpacked))
            Directory.Delete(unpacked, recursive: true);
    }

    [AssemblyCleanup]
    public static void End() => ConsumerProject.DeleteTemplates();
}
