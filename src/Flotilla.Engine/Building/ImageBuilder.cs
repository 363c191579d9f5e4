using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;

namespace Flotilla.Engine.Building;

/// <summary>What all builds of this machine have in common.</summary>
internal sealed record ImageBuilder(Runtime Runtime, EngineOptions Options, ImageCatalog Images, ImageMaker Maker, BuildCache Cache, CacheMounts Caches, ContainerCreation Creation, ContainerLife Life, TimeProvider Time);
