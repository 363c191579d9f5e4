using System.Runtime.Versioning;

// One cluster for all; the tests wait for containers most of the time, so they run side by side, each in a namespace of its own.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All)]
[assembly: AssemblyFixture(typeof(Flotilla.Conformance.Live.LiveCluster))]
[assembly: SupportedOSPlatform("linux")]
